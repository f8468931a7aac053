"""Layers for the contract tests.

```starlark
test_layer(
    name = "hello",
    path = "hello.txt",
    wrapping = "tar.gz",
)
```
"""

_ATTRS = {
    "content": attr.string(default = "hello", doc = "Content of the file."),
    "path": attr.string(mandatory = True, doc = "Path of the file in the layer."),
    "wrapping": attr.string(
        default = "tar",
        values = ["tar", "tar.gz", "tgz", "tar.zst", "tzst"],
        doc = "Extension of the layer: `tgz` has many members, `tar.gz` one.",
    ),
    "_tool": attr.label(
        default = ":make_layer",
        cfg = "exec",
        executable = True,
        doc = "The program that writes the layer.",
    ),
}

def _test_layer_impl(ctx):
    output = ctx.actions.declare_file("%s.%s" % (ctx.label.name, ctx.attr.wrapping))
    args = ctx.actions.args()
    args.add_all([output, ctx.attr.wrapping, ctx.attr.path, ctx.attr.content])
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        outputs = [output],
        mnemonic = "TestLayer",
        progress_message = "Writing test layer %{label}",
    )
    return [DefaultInfo(files = depset([output]))]

test_layer = rule(
    implementation = _test_layer_impl,
    attrs = _ATTRS,
    doc = "A layer with one file.",
)
