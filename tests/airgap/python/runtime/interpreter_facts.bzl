"""`interpreter_facts`: what //images/private:interpreter finds for a Python and an architecture, as JSON for a test.

```starlark
interpreter_facts(
    name = "facts",
    arch = "arm64",
    python = "3.12",
)
```
"""

load("//images:providers.bzl", "InterpreterInfo")
load("//tools/platforms:defs.bzl", "for_image")

def _interpreter_facts_impl(ctx):
    # A transition on an attribute makes a list of it.
    found = ctx.attr._interpreter[0][InterpreterInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(out, json.encode_indent({
        "files": sorted([file.path.removeprefix(found.root + "/") for file in found.files.to_list()]),
        "root": found.root,
        "version": found.version,
    }) + "\n")
    return [DefaultInfo(files = depset([out]))]

interpreter_facts = rule(
    implementation = _interpreter_facts_impl,
    doc = "Writes which interpreter is found.",
    attrs = {
        "arch": attr.string(
            doc = "The architecture to look from.",
            mandatory = True,
        ),
        "python": attr.string(
            doc = "The Python version to look from.",
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "What Bazel asks of a rule with a transition.",
        ),
        "_interpreter": attr.label(
            cfg = for_image,
            default = "//images/private:interpreter",
            doc = "What is found.",
            providers = [InterpreterInfo],
        ),
    },
)
