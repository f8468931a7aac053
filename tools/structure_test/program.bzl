"""The container-structure-test of the module's toolchain, as a file for tests of our own.

    load("//tools/structure_test:program.bzl", "structure_test_program")

    structure_test_program(name = "program")
"""

_STRUCTURE_TEST = "@container_structure_test//bazel:structure_test_toolchain_type"

_DOC = "Stands for the real container-structure-test."

def _structure_test_program_impl(ctx):
    return [DefaultInfo(files = depset([ctx.toolchains[_STRUCTURE_TEST].st_info.binary]))]

structure_test_program = rule(
    implementation = _structure_test_program_impl,
    doc = _DOC,
    toolchains = [_STRUCTURE_TEST],
)
