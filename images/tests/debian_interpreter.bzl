"""`debian_interpreter`: an interpreter as rules_python has them, made of Debian's packages.

```starlark
debian_interpreter(
    name = "python3.13_amd64",
    layer = ":packages_amd64",
    python = "3.13",
)
```
"""

load("//tools/platforms:defs.bzl", "outside_of_images")

def _debian_interpreter_impl(ctx):
    program = ctx.actions.declare_file("{}/bin/python{}".format(ctx.label.name, ctx.attr.python))
    library = ctx.actions.declare_directory(ctx.label.name + "/lib")
    args = ctx.actions.args()
    args.add("--python", ctx.attr.python)
    args.add("--layer", ctx.file.layer)
    args.add("--program", program)
    args.add_all("--library", [library], expand_directories = False)
    ctx.actions.run(
        mnemonic = "Relocate",
        progress_message = "Relocating Python for %{label}",
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [ctx.file.layer],
        outputs = [library, program],
    )
    return [
        DefaultInfo(files = depset([library, program])),
        OutputGroupInfo(program = depset([program])),
    ]

debian_interpreter = rule(
    implementation = _debian_interpreter_impl,
    doc = "Makes bin/ and lib/ of an interpreter. The output group `program` is the interpreter alone.",
    attrs = {
        "layer": attr.label(
            allow_single_file = True,
            doc = "The layer with Debian's packages of Python.",
            mandatory = True,
        ),
        "python": attr.string(
            doc = "Major and minor version of Python.",
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "What Bazel asks of a rule with a transition.",
        ),
        "_tool": attr.label(
            cfg = "exec",
            default = ":relocate",
            doc = "Writes the interpreter.",
            executable = True,
        ),
    },
    # What makes it must not run on it, as programs configured for this Python would.
    cfg = outside_of_images,
)
