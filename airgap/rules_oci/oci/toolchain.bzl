"""The toolchain of crane, for rules that talk to a registry.

```starlark
crane = ctx.toolchains["@rules_oci//oci:crane_toolchain_type"].crane_info.binary
```
"""

CraneInfo = provider(
    doc = "How to run crane.",
    fields = {
        "binary": "The executable.",
        "version": "Its version.",
    },
)

_ATTRS = {
    "crane": attr.label(
        allow_single_file = True,
        cfg = "exec",
        executable = True,
        mandatory = True,
        doc = "The executable.",
    ),
    "version": attr.string(mandatory = True, doc = "Its version."),
}

def _crane_toolchain_impl(ctx):
    binary = ctx.executable.crane
    default = DefaultInfo(files = depset([binary]), runfiles = ctx.runfiles([binary]))
    variables = platform_common.TemplateVariableInfo({"CRANE_BIN": binary.path})
    return [
        default,
        variables,
        platform_common.ToolchainInfo(
            crane_info = CraneInfo(binary = binary, version = ctx.attr.version.removeprefix("v")),
            template_variables = variables,
            default = default,
        ),
    ]

crane_toolchain = rule(
    implementation = _crane_toolchain_impl,
    attrs = _ATTRS,
    doc = "A crane executable as a toolchain.",
)
