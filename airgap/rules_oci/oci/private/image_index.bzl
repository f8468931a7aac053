"""oci_image_index as a rule: images for several platforms under one name.

```starlark
oci_image_index(
    name = "index",
    images = [
        ":image_amd64",
        ":image_arm64",
    ],
)
```
"""

load(":build_tool.bzl", "BUILD_TOOL_ATTRS", "run_build_tool")

_DOC = "Joins images to an OCI image index. Each image's platform is what its config says."

def _platforms_transition_impl(_settings, attr):
    return [{"//command_line_option:platforms": str(platform)} for platform in attr.platforms]

_platforms_transition = transition(
    implementation = _platforms_transition_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

_ATTRS = BUILD_TOOL_ATTRS | {
    "images": attr.label_list(
        mandatory = True,
        cfg = _platforms_transition,
        doc = "The images: oci_image targets.",
    ),
    "platforms": attr.label_list(
        providers = [platform_common.PlatformInfo],
        doc = "Platforms to build for: then there must be exactly one image, and it is built once for each.",
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
}

def _oci_image_index_impl(ctx):
    # After the transition there is one entry for each pair of an image and a platform.
    if ctx.attr.platforms and len(ctx.attr.images) != len(ctx.attr.platforms):
        fail("%s: with 'platforms' there must be exactly one image in 'images'." % ctx.label)
    output = ctx.actions.declare_directory(ctx.label.name)

    # What the links in the layout lead to, as with oci_image.
    linked = depset(ctx.files.images, transitive = [
        image[DefaultInfo].default_runfiles.files
        for image in ctx.attr.images
    ])
    args = ctx.actions.args()
    args.add("--output=" + output.path)
    args.add_all(ctx.files.images, expand_directories = False)
    run_build_tool(
        ctx,
        "index",
        args,
        inputs = linked,
        outputs = [output],
        mnemonic = "OCIIndex",
        progress_message = "OCI Index %{label}",
    )
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles(transitive_files = linked),
    )]

oci_image_index = rule(
    implementation = _oci_image_index_impl,
    attrs = _ATTRS,
    doc = _DOC,
)
