"""`with_toolchains`: the files of a target, built with toolchains that nothing else sees.

```starlark
with_toolchains(
    name = "layer",
    target = ":python3.13_amd64",
    extra = [":python3.13_amd64_toolchain"],
)
```
"""

_TOOLCHAINS = "//command_line_option:extra_toolchains"

def _add_impl(settings, attr):
    return {_TOOLCHAINS: settings[_TOOLCHAINS] + [str(toolchain) for toolchain in attr.extra]}

_add = transition(
    implementation = _add_impl,
    inputs = [_TOOLCHAINS],
    outputs = [_TOOLCHAINS],
)

def _with_toolchains_impl(ctx):
    # A transition on an attribute makes a list of it.
    return [DefaultInfo(files = ctx.attr.target[0][DefaultInfo].files)]

with_toolchains = rule(
    implementation = _with_toolchains_impl,
    doc = "Hands on what a target makes with further toolchains.",
    attrs = {
        "target": attr.label(
            cfg = _add,
            doc = "What to build.",
            mandatory = True,
        ),
        "extra": attr.label_list(
            doc = "Targets of the rule `toolchain`, in the order in which they are looked at.",
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "What Bazel asks of a rule with a transition.",
        ),
    },
)
