"""What rules have in common that do something with one image."""

BUBBLEWRAP = "//tools/bubblewrap:toolchain_type"

IMAGE_ATTR = {
    "image": attr.label(
        allow_files = True,
        doc = "The image: an `oci_image`, or a directory with an OCI image layout.",
        mandatory = True,
    ),
}

def image_layout(ctx):
    """The directory with the image's layout.

    Args:
        ctx: context of a rule with IMAGE_ATTR.

    Returns:
        A File.
    """
    files = ctx.files.image
    if len(files) != 1 or not files[0].is_directory:
        fail("{}: image = \"{}\" has {} files; give an oci_image, which is one directory".format(
            ctx.label,
            ctx.attr.image.label,
            len(files),
        ))
    return files[0]
