"""The module extension that brings container-structure-test: MODULE.bazel of this module uses it."""

load("//bazel:program.bzl", "structure_test_program", "structure_test_toolchains")

# The program inside the wheel, so the newest that an index of Python packages has. It runs the same tests as the
# 1.22.0 that the real module downloads.
_VERSION = "1.19.1"

# Bazel's names for a machine -> tag and hash of its wheel.
_WHEELS = {
    "linux_amd64": struct(
        constraints = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
        platform = "manylinux_2_17_x86_64",
        sha256 = "5eaab94043597ceac37a7acdcea76229a18b7911247678b1474528f06d4d5466",
    ),
    "linux_arm64": struct(
        constraints = ["@platforms//os:linux", "@platforms//cpu:aarch64"],
        platform = "manylinux_2_17_aarch64",
        sha256 = "1add0a1d756a18775dc85083d89f9cb1e0a949162095eab821bfe0ba70c38edc",
    ),
}

def _extension_impl(module_ctx):
    for machine, wheel in _WHEELS.items():
        structure_test_program(
            name = "structure_test_st_" + machine,
            platform = wheel.platform,
            sha256 = wheel.sha256,
            version = _VERSION,
        )
    structure_test_toolchains(
        name = "structure_test_toolchains",
        constraints = {machine: wheel.constraints for (machine, wheel) in _WHEELS.items()},
    )
    return module_ctx.extension_metadata(reproducible = True)

extension = module_extension(
    implementation = _extension_impl,
    doc = "Declares a repository with the program for each kind of machine, and the toolchains.",
)
