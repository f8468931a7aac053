"""The digest of an image as a file, the target `NAME.digest`."""

_ATTRS = {
    "digest": attr.output(mandatory = True, doc = "The file that gets the digest and a newline."),
    "image": attr.label(allow_single_file = True, mandatory = True, doc = "An image layout."),
    "index": attr.output(mandatory = True, doc = "The file that gets the layout's index.json."),
    "_build": attr.label(
        default = Label("//oci/private:build"),
        executable = True,
        cfg = "exec",
        doc = "The program that the action runs.",
    ),
}

def _oci_digest_impl(ctx):
    args = ctx.actions.args()
    args.add(ctx.file.image.path)
    args.add_all([ctx.outputs.index, ctx.outputs.digest])
    ctx.actions.run(
        executable = ctx.executable._build,
        arguments = ["digest", args],
        inputs = [ctx.file.image],
        outputs = [ctx.outputs.index, ctx.outputs.digest],
        mnemonic = "OCIDigest",
        progress_message = "OCI Digest %{label}",
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset([ctx.outputs.digest]), runfiles = ctx.runfiles([ctx.outputs.digest]))]

oci_digest = rule(
    implementation = _oci_digest_impl,
    attrs = _ATTRS,
    doc = "Writes the digest of an image to a file.",
)
