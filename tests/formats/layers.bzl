"""Layers in each of the formats that the layer tools write.

    load(":layers.bzl", "format_layer")

    format_layer(
        name = "estargz",
        format = "estargz",
    )
"""

load("//tools/layer:providers.bzl", "LayerAnnotationsInfo")

_ATTRS = {
    "format": attr.string(
        doc = "What is made: a .tar.gz, a .tar.zst, or an eStargz layer with its annotations.",
        mandatory = True,
        values = ["gzip", "zstd", "estargz"],
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = ":make_layer",
        doc = "Writes the layer.",
        executable = True,
    ),
}

def _format_layer_impl(ctx):
    kind = ctx.attr.format
    layer = ctx.actions.declare_file(ctx.label.name + (".tar.zst" if kind == "zstd" else ".tar.gz"))
    annotations = [ctx.actions.declare_file(ctx.label.name + ".annotations.json")] if kind == "estargz" else []
    args = ctx.actions.args()
    args.add_all([kind, layer])
    args.add_all(annotations)
    ctx.actions.run(
        mnemonic = "FormatLayer",
        progress_message = "Writing the test's layer %{label}",
        executable = ctx.executable._tool,
        arguments = [args],
        outputs = [layer] + annotations,
    )
    return [
        DefaultInfo(files = depset([layer])),
        LayerAnnotationsInfo(files = depset(annotations)),
        OutputGroupInfo(annotations = depset(annotations)),
    ]

format_layer = rule(
    implementation = _format_layer_impl,
    doc = "A layer for tests of readers.",
    attrs = _ATTRS,
)
