"""The digest of an image as a file, the target `NAME.digest`."""

load(":build_tool.bzl", "BUILD_TOOL_ATTRS", "run_build_tool")

_ATTRS = BUILD_TOOL_ATTRS | {
    "digest": attr.output(mandatory = True, doc = "The file that gets the digest and a newline."),
    "image": attr.label(allow_single_file = True, mandatory = True, doc = "An image layout."),
    "index": attr.output(mandatory = True, doc = "The file that gets the layout's index.json."),
}

def _oci_digest_impl(ctx):
    args = ctx.actions.args()
    args.add(ctx.file.image.path)
    args.add_all([ctx.outputs.index, ctx.outputs.digest])
    run_build_tool(
        ctx,
        "digest",
        args,
        inputs = [ctx.file.image],
        outputs = [ctx.outputs.index, ctx.outputs.digest],
        mnemonic = "OCIDigest",
        progress_message = "OCI Digest %{label}",
    )
    return [DefaultInfo(files = depset([ctx.outputs.digest]), runfiles = ctx.runfiles([ctx.outputs.digest]))]

oci_digest = rule(
    implementation = _oci_digest_impl,
    attrs = _ATTRS,
    doc = "Writes the digest of an image to a file.",
)
