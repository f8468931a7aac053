"""`tool_run`: the output of a program run by an action, for a test.

```starlark
tool_run(
    name = "probe_run",
    tool = ":probe",
)
```
"""

load("@rules_python//python:defs.bzl", "PyInfo")
load("@rules_python//python:py_info.bzl", PyInfoAlone = "PyInfo")

def _tool_run_impl(ctx):
    if PyInfo not in ctx.attr.tool or PyInfoAlone not in ctx.attr.tool:
        fail("{}: a program has no PyInfo".format(ctx.attr.tool.label))
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    arguments = ctx.actions.args()
    arguments.add("--out", out)
    arguments.add_all(ctx.attr.arguments)
    ctx.actions.run(
        outputs = [out],
        arguments = [arguments],
        env = {"PROBE": "action"},
        executable = ctx.executable.tool,
        mnemonic = "ToolRun",
        progress_message = "Running %{label}",
    )
    return [DefaultInfo(files = depset([out]))]

tool_run = rule(
    implementation = _tool_run_impl,
    doc = "Runs a program in an action; it gets `--out FILE` and the arguments.",
    attrs = {
        "arguments": attr.string_list(doc = "Further arguments."),
        "tool": attr.label(
            doc = "The program.",
            cfg = "exec",
            executable = True,
            mandatory = True,
        ),
    },
)
