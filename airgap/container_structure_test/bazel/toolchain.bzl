"""The toolchain of container-structure-test.

```starlark
program = ctx.toolchains["@container_structure_test//bazel:structure_test_toolchain_type"].st_info.binary
```
"""

StructureTestInfo = provider(
    doc = "How to run container-structure-test.",
    fields = {"binary": "The executable."},
)

_ATTRS = {
    "structure_test": attr.label(
        allow_single_file = True,
        cfg = "exec",
        executable = True,
        mandatory = True,
        doc = "The executable.",
    ),
}

def _structure_test_toolchain_impl(ctx):
    binary = ctx.executable.structure_test
    default = DefaultInfo(files = depset([binary]), runfiles = ctx.runfiles([binary]))
    variables = platform_common.TemplateVariableInfo({"STRUCTURE_TEST_BIN": binary.path})
    return [
        default,
        variables,
        platform_common.ToolchainInfo(
            st_info = StructureTestInfo(binary = binary),
            template_variables = variables,
            default = default,
        ),
    ]

structure_test_toolchain = rule(
    implementation = _structure_test_toolchain_impl,
    attrs = _ATTRS,
    doc = "A container-structure-test executable as a toolchain.",
)
