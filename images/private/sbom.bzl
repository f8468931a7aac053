"""Bills of materials and provenance of an image, made of what the build knows.

    load("//images:defs.bzl", "image_sbom")

    image_sbom(
        name = "app_amd64_sbom",
        image = ":app_amd64",
        image_name = "app",
    )

    bazel build :app_amd64_sbom    # app_amd64.spdx.json, app_amd64.cdx.json, app_amd64.provenance.json

docs/supply_chain.md is its guide.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo", "bool_flag", "string_flag")
load("//images:config.bzl", "ARCHITECTURES")
load("//images:providers.bzl", "ReferrersInfo")
load(":image_attr.bzl", "image_layout")
load(":image_components.bzl", "ComponentsInfo", "image_components")

_DOC = """Writes an SPDX 2.3 and a CycloneDX 1.6 document of what an image is made of, and SLSA provenance (unsigned).

All three are manifests that refer to the image, too (ReferrersInfo): pushed with it, a registry lists them by its digest.
They are made when asked for, and no image is made anew for them."""

_FLAGS = {
    "builder_id": "URI of who builds, for provenance.",
    "source_commit": "Commit of the sources, for provenance.",
    "source_uri": "URI of the repository with the sources, such as git+https://git.example/team/images, for provenance.",
}

_ATTRS = {
    "image": attr.label(
        aspects = [image_components],
        doc = "The image for one architecture: an `oci_image` or what wraps one.",
        mandatory = True,
    ),
    "image_name": attr.string(
        doc = "What the documents call the image; by default the name of its target.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/sbom",
        doc = "Writes the documents.",
        executable = True,
    ),
    "_version": attr.label(
        allow_single_file = True,
        default = "//tools/sbom:version.txt",
        doc = "Its version: documents name who wrote them.",
    ),
} | {
    "_" + name: attr.label(default = "//images:" + name, doc = doc, providers = [BuildSettingInfo])
    for name, doc in _FLAGS.items()
}

def sbom_flags(name):
    """Defines the flag NAME, and those by which provenance learns what no target says; to be called in //images.

    Args:
        name: name of the flag by which pushes take the documents along.
    """
    bool_flag(
        name = name,
        build_setting_default = False,
        visibility = ["//visibility:public"],
    )
    native.config_setting(
        name = "with_" + name,
        flag_values = {":" + name: "True"},
    )
    for each in _FLAGS:
        string_flag(
            name = each,
            build_setting_default = "",
            visibility = ["//visibility:public"],
        )

def pushed_sbom(name):
    """What an `image_push` has as `referrers`: the documents if --//images:sbom asks for them.

    Args:
        name: name of the target with the documents.

    Returns:
        A select().
    """
    return select({
        Label("//images:with_sbom"): [name],
        "//conditions:default": [],
    })

def _image_sbom_impl(ctx):
    label = ctx.attr.image.label
    layout = image_layout(ctx)
    stem = ctx.label.name.removesuffix("_sbom")
    components = ctx.attr.image[ComponentsInfo]
    documents = {
        each: ctx.actions.declare_file("{}.{}.json".format(stem, each))
        for each in ["spdx", "cdx", "provenance"]
    }
    referrers = ctx.actions.declare_directory(ctx.label.name + ".referrers")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add_all("--image", [layout], expand_directories = False)
    args.add("--name", ctx.attr.image_name or label.name)
    args.add("--label", "//{}:{}".format(label.package, label.name))
    args.add_all(components.suites, before_each = "--suite")
    args.add("--version", ctx.file._version)
    for option, flag in [
        ("--builder-id", ctx.attr._builder_id),
        ("--commit", ctx.attr._source_commit),
        ("--source", ctx.attr._source_uri),
    ]:
        if flag[BuildSettingInfo].value:
            args.add(option, flag[BuildSettingInfo].value)
    args.add("--spdx", documents["spdx"])
    args.add("--cyclonedx", documents["cdx"])
    args.add("--provenance", documents["provenance"])
    args.add_all("--layout", [referrers], expand_directories = False)
    args.add_all(components.files)
    ctx.actions.run(
        mnemonic = "Sbom",
        progress_message = "Listing what %{label} is about",
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset([layout, ctx.file._version], transitive = [components.files, ctx.attr.image[DefaultInfo].default_runfiles.files]),
        outputs = documents.values() + [referrers],
    )
    return [
        DefaultInfo(files = depset(documents.values())),
        OutputGroupInfo(
            components = components.files,
            referrers = depset([referrers]),
            **{kind: depset([file]) for kind, file in documents.items()}
        ),
        ReferrersInfo(layouts = depset([referrers])),
    ]

image_sbom_rule = rule(
    implementation = _image_sbom_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [ReferrersInfo],
)

def image_sbom(name, image, image_name = None, **kwargs):
    """Bills of materials and provenance of an image.

    Args:
        name: name of the target; the documents are called so, without `_sbom`.
        image: the image for one architecture.
        image_name: what the documents call the image; by default the name of its target.
        **kwargs: attributes of all rules, such as `tags` and `visibility`.
    """
    image_sbom_rule(
        name = name,
        image = image,
        image_name = image_name,
        **kwargs
    )

def _image_sboms_impl(ctx):
    return [
        DefaultInfo(files = depset(transitive = [each[DefaultInfo].files for each in ctx.attr.sboms])),
        ReferrersInfo(layouts = depset(transitive = [each[ReferrersInfo].layouts for each in ctx.attr.sboms])),
    ]

_image_sboms = rule(
    implementation = _image_sboms_impl,
    doc = "Those of several images under one name, for what is pushed under one.",
    attrs = {
        "sboms": attr.label_list(
            doc = "The `image_sbom` of each.",
            mandatory = True,
            providers = [ReferrersInfo],
        ),
    },
    provides = [ReferrersInfo],
)

def family_sboms(name, architectures = ARCHITECTURES, **kwargs):
    """Makes NAME_ARCH_sbom for each image NAME_ARCH, and NAME_sbom with all of them.

    Args:
        name: the images' name without the architecture.
        architectures: list of the architectures that there are.
        **kwargs: attributes of all rules, such as `tags` and `visibility`.
    """
    for arch in architectures:
        image_sbom(
            name = "{}_{}_sbom".format(name, arch),
            image = "{}_{}".format(name, arch),
            image_name = name,
            **kwargs
        )
    _image_sboms(
        name = name + "_sbom",
        sboms = ["{}_{}_sbom".format(name, arch) for arch in architectures],
        **kwargs
    )
