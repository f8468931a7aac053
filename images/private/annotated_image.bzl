"""An image whose manifest has annotations of its layers, which `oci_image` has no attribute for.

    load("//images:defs.bzl", "annotated_image")

    annotated_image(
        name = "app",
        image = ":app_plain",
        layers = [":app_venv"],
    )

Snapshotters that pull lazily find the table of contents of an eStargz layer by such an annotation. The result is
used as an `oci_image` is: pushed, loaded, put into an `oci_image_index`, taken as a `base`, or tested.
"""

load("//tools/layer:providers.bzl", "LayerAnnotationsInfo")
load(":image_attr.bzl", "IMAGE_ATTR", "image_layout")

_DOC = """Makes an OCI image layout of another, with the annotations that its layers have (LayerAnnotationsInfo).

All blobs but the manifest are links to those of the image. Without annotations it is the very same layout, and the
action only looks at it, beside whatever uses it."""

_ATTRS = IMAGE_ATTR | {
    "layers": attr.label_list(
        allow_files = True,
        doc = "Layers of the image. Those without LayerAnnotationsInfo stay as they are.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/annotated_image",
        doc = "Writes the layout.",
        executable = True,
    ),
}

def _write(ctx, image, linked, annotations, digest, output):
    """Declares the action; without an output it checks the image, and says what its digest is."""
    outputs = [digest] + ([output] if output else [])
    args = ctx.actions.args()
    args.add_all("--image", [image], expand_directories = False)
    args.add_all("--output", outputs[1:], expand_directories = False)
    args.add("--digest", digest)
    args.add_all(annotations)
    ctx.actions.run(
        mnemonic = "AnnotatedImage",
        progress_message = "Annotating layers of %{label}",
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(transitive = [linked, annotations]),
        outputs = outputs,
    )

def _annotated_image_impl(ctx):
    image = image_layout(ctx)
    annotations = depset(transitive = [
        layer[LayerAnnotationsInfo].files
        for layer in ctx.attr.layers
        if LayerAnnotationsInfo in layer
    ])
    digest = ctx.actions.declare_file(ctx.label.name + ".json.sha256")
    output = ctx.actions.declare_directory(ctx.label.name) if annotations else None

    # What the links in the layouts lead to: whoever uses the result needs it, as with oci_image.
    linked = depset([image], transitive = [ctx.attr.image[DefaultInfo].default_runfiles.files])
    _write(ctx, image, linked, annotations, digest, output)
    return [
        DefaultInfo(
            files = depset([output or image]),
            runfiles = ctx.runfiles(transitive_files = linked),
        ),
        OutputGroupInfo(
            _validation = depset([digest]),
            digest = depset([digest]),
        ),
    ]

_annotated_image = rule(
    implementation = _annotated_image_impl,
    doc = _DOC,
    attrs = _ATTRS,
)

def annotated_image(name, image, layers, **kwargs):
    """Makes the image NAME and, as oci_image does, NAME.digest with its digest.

    Args:
        name: name of the targets.
        image: the image without annotations.
        layers: layers of it; those that have annotations are annotated.
        **kwargs: attributes of all rules, such as `tags` and `visibility`.
    """
    _annotated_image(
        name = name,
        image = image,
        layers = layers,
        **kwargs
    )
    native.filegroup(
        name = name + ".digest",
        srcs = [name],
        output_group = "digest",
        **kwargs
    )
