"""One hashing action a layer, shared by all images that stack it: an aspect on the `tars` of oci_image.

The aspect runs once a layer target. Files that no rule made have no aspect; oci_image describes those itself. A rule
that knows what it wrote may describe its layers: its output group `oci_descriptors` has a file for each, with the
layer's name and `.descriptor.json`, as oci_tools/descriptor.py writes it.
"""

load(":build_tool.bzl", "BUILD_TOOL_ATTRS", "run_build_tool")

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

def describe(ctx, layer, name):
    """Hashes a layer.

    Args:
        ctx: context of a rule or an aspect that has BUILD_TOOL_ATTRS.
        layer: the tar file.
        name: name of the description, beside the target.

    Returns:
        The File of the description.
    """
    output = ctx.actions.declare_file(name)
    args = ctx.actions.args()
    args.add(layer)
    args.add(output)
    args.add(layer.owner)
    run_build_tool(
        ctx,
        "descriptor",
        args,
        inputs = [layer],
        outputs = [output],
        mnemonic = "OCIDescriptor",
        progress_message = "OCI Descriptor %{input}",
    )
    return output

def _descriptor_aspect_impl(target, ctx):
    # These are the target's own files, not a transitive set: the aspect goes along no attribute.
    layers = [
        file
        for file in target[DefaultInfo].files.to_list()
        if not file.is_source and any([file.basename.endswith(end) for end in ACCEPTED_TAR_EXTENSIONS])
    ]
    groups = target[OutputGroupInfo] if OutputGroupInfo in target else None
    own = {file.basename: file for file in getattr(groups, "oci_descriptors", depset()).to_list()}
    return [OciDescriptorInfo(descriptors = {
        layer: own.get(layer.basename + ".descriptor.json") or
               describe(ctx, layer, "%s.%d.descriptor.json" % (target.label.name, i))
        for (i, layer) in enumerate(layers)
    })]

descriptor_aspect = aspect(
    implementation = _descriptor_aspect_impl,
    attrs = BUILD_TOOL_ATTRS,
    doc = "Describes the layers that a target makes.",
)
