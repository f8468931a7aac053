"""One hashing action a layer, shared by all images that stack it: an aspect on the `tars` of oci_image.

The aspect runs once a layer target. Files that no rule made have no aspect; oci_image describes those itself.
"""

ACCEPTED_TAR_EXTENSIONS = [
    ".tar",
    ".tgz",
    ".tar.gz",
    ".tzst",
    ".tar.zst",
]

OciDescriptorInfo = provider(
    doc = "The descriptions of a target's layers.",
    fields = {"descriptors": "dict from layer File to description File"},
)

DESCRIPTOR_ATTRS = {
    "_build": attr.label(
        default = Label("//oci/private:build"),
        executable = True,
        cfg = "exec",
        doc = "The program that the actions run.",
    ),
}

def describe(ctx, build, layer, name):
    """Hashes a layer.

    Args:
        ctx: context of the rule or aspect.
        build: the program that actions run.
        layer: the tar file.
        name: name of the description, beside the target.

    Returns:
        The File of the description.
    """
    output = ctx.actions.declare_file(name)
    args = ctx.actions.args()
    args.add("descriptor")
    args.add(layer)
    args.add(output)
    args.add(layer.owner)
    ctx.actions.run(
        executable = build,
        arguments = [args],
        inputs = [layer],
        outputs = [output],
        mnemonic = "OCIDescriptor",
        progress_message = "OCI Descriptor %{input}",
        use_default_shell_env = True,
    )
    return output

def _descriptor_aspect_impl(target, ctx):
    # These are the target's own files, not a transitive set: the aspect goes along no attribute.
    layers = [
        file
        for file in target[DefaultInfo].files.to_list()
        if not file.is_source and any([file.basename.endswith(end) for end in ACCEPTED_TAR_EXTENSIONS])
    ]
    return [OciDescriptorInfo(descriptors = {
        layer: describe(ctx, ctx.executable._build, layer, "%s.%d.descriptor.json" % (target.label.name, i))
        for (i, layer) in enumerate(layers)
    })]

descriptor_aspect = aspect(
    implementation = _descriptor_aspect_impl,
    attrs = DESCRIPTOR_ATTRS,
    doc = "Describes the layers that a target makes.",
)
