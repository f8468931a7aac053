"""oci_image as a rule: every attribute is a file or a string; the macro turns lists and dictionaries into files.

```starlark
oci_image(
    name = "app",
    base = ":base",
    env = {"PATH": "/opt/app/bin:$PATH"},
    tars = [":app_layer"],
)
```
"""

load("@aspect_bazel_lib//lib:resource_sets.bzl", "resource_set", "resource_set_attr")
load(":build_tool.bzl", "BUILD_TOOL_ATTRS", "run_build_tool")
load(":descriptor.bzl", "ACCEPTED_TAR_EXTENSIONS", "OciDescriptorInfo", "describe", "descriptor_aspect")

_DOC = "Builds an OCI image layout from layers, on a base or from scratch. Most users want the macro."

# Attributes that are a file for the builder, in the order in which they apply: an entry point resets the command.
_FILE_ATTRS = {
    "created": "A file with the time of creation, instead of 1970-01-01T00:00:00Z.",
    "entrypoint": "A file with one word of the entry point a line. Setting it drops the base's command.",
    "cmd": "A file with one word of the command a line.",
    "exposed_ports": "A file with the exposed ports, separated by commas: 2000/tcp,3000/udp,4000.",
    "volumes": "A file with the volumes, separated by commas.",
    "env": "A file with a NAME=VALUE a line. A value may use $NAME and ${NAME} of the base.",
    "labels": "A file with a NAME=VALUE a line, for the config.",
    "annotations": "A file with a NAME=VALUE a line, for the manifest.",
}

_ATTRS = BUILD_TOOL_ATTRS | resource_set_attr | {
    name: attr.label(allow_single_file = True, doc = doc)
    for (name, doc) in _FILE_ATTRS.items()
} | {
    "architecture": attr.string(doc = "CPU architecture as Go names it, such as arm64. Only without a base."),
    "base": attr.label(allow_single_file = True, doc = "The image to stack on: an oci_image or a pulled one."),
    "os": attr.string(doc = "Operating system as Go names it, such as linux. Only without a base."),
    "tars": attr.label_list(
        allow_files = ACCEPTED_TAR_EXTENSIONS,
        aspects = [descriptor_aspect],
        doc = "The layers, the lowest first: tar files, plain or compressed with gzip or zstd. Do not sort.",
    ),
    "user": attr.string(doc = "User, or user:group, by name or number."),
    "variant": attr.string(doc = "Variant of the CPU architecture, such as v8. Only without a base."),
    "workdir": attr.string(doc = "Working directory."),
}

def _check(ctx):
    platform = ctx.attr.os or ctx.attr.architecture or ctx.attr.variant
    if ctx.attr.base and platform:
        fail("%s: 'os', 'architecture' and 'variant' come from the image in 'base', so remove them here." % ctx.label)
    if not ctx.attr.base and not (ctx.attr.os and ctx.attr.architecture):
        fail("%s: without a 'base', both 'os' and 'architecture' must be set." % ctx.label)

def _descriptors(ctx):
    """The description of each layer file: from the aspect where there is one, else made here."""
    known = {}
    for target in ctx.attr.tars:
        if OciDescriptorInfo in target:
            known.update(target[OciDescriptorInfo].descriptors)
    for (i, layer) in enumerate(ctx.files.tars):
        if layer not in known:
            known[layer] = describe(ctx, layer, "%s.%d.descriptor.json" % (ctx.label.name, i))
    return known

def _oci_image_impl(ctx):
    _check(ctx)
    output = ctx.actions.declare_directory(ctx.label.name)
    descriptors = _descriptors(ctx)

    # What the links in the layout lead to. Bazel reads through them to know the output's contents, and whoever uses
    # the layout needs them beside it.
    linked = [depset(ctx.files.tars)]

    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--output=" + output.path)
    if ctx.attr.base:
        args.add(ctx.file.base.path, format = "--base=%s")
        linked += [ctx.attr.base[DefaultInfo].files, ctx.attr.base[DefaultInfo].default_runfiles.files]
    else:
        platform = {"os": ctx.attr.os, "architecture": ctx.attr.architecture}
        if ctx.attr.variant:
            platform["variant"] = ctx.attr.variant
        args.add(json.encode(platform), format = "--platform=%s")
    for layer in ctx.files.tars:
        args.add_all(["--layer", layer, descriptors[layer]])
    for name in _FILE_ATTRS:
        args.add_all(
            getattr(ctx.files, name),
            format_each = "--" + name.replace("_", "-") + "=%s",
        )
    if ctx.attr.user:
        args.add(ctx.attr.user, format = "--user=%s")
    if ctx.attr.workdir:
        args.add(ctx.attr.workdir, format = "--workdir=%s")

    files = [file for name in _FILE_ATTRS for file in getattr(ctx.files, name)]
    run_build_tool(
        ctx,
        "image",
        args,
        inputs = depset(files + [descriptors[layer] for layer in ctx.files.tars], transitive = linked),
        outputs = [output],
        mnemonic = "OCIImage",
        progress_message = "OCI Image %{label}",
        resource_set = resource_set(ctx.attr),
    )
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles(transitive_files = depset(transitive = linked)),
    )]

oci_image = rule(
    implementation = _oci_image_impl,
    attrs = _ATTRS,
    doc = _DOC,
)
