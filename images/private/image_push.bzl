"""Pushes images to a registry.

    load("//images:defs.bzl", "image_push")

    image_push(
        name = "app_push",
        image = ":app_index",
        repository = "registry.example/team/app",
    )

    image_push(
        name = "push",
        pushes = [
            ":app_push",
            ":worker_push",
        ],
    )

    bazel run :app_push -- --tag v1
    bazel run :push -- --repository registry.example/team --dry-run
    bazel run :push -- --help

What oci_push of rules_oci does for one image, this does for many at once, and it goes on where it was interrupted;
docs/push.md is its guide. The stamp of the workspace is read when the program runs: no action depends on it.
"""

load("//images:providers.bzl", "ReferrersInfo")
load("//tools/common:launcher.bzl", "launcher")

ImagePushInfo = provider(
    doc = "What a target pushes.",
    fields = {
        "images": "depset of structs: label, layout (a File), referrers (a depset of Files), repository, suffix, " +
                  "prefixes and tags.",
    },
)

_DOC = """An executable that pushes an image or an index, or what other `image_push` targets push, to a registry.

What the registry has is not sent and not read, and tags come last. Tags are those of the workspace status
(STABLE_GIT_BRANCH, STABLE_GIT_COMMIT and STABLE_GIT_VERSION), of the command line, and `remote_tags`."""

_ATTRS = {
    "image": attr.label(
        allow_files = True,
        doc = "The image: an `oci_image_index`, an `oci_image`, or a directory with an OCI image layout.",
    ),
    "pushes": attr.label_list(
        doc = "Other `image_push` targets, whose images are pushed in one go.",
        providers = [ImagePushInfo],
    ),
    "referrers": attr.label_list(
        doc = "What refers to the image and goes to the registry with it, such as its SBOM.",
        providers = [ReferrersInfo],
    ),
    "remote_tags": attr.string_list(
        doc = "Tags as they are, beside those of the stamp and of the command line.",
    ),
    "repository": attr.string(
        doc = "Registry and repository, such as registry.example/team/app; the command line may name another.",
    ),
    "suffix": attr.string(
        doc = "What follows the repository of the command line: the image's own repository below it.",
    ),
    "tag_prefixes": attr.string_list(
        doc = "What tags of the stamp and of the command line begin with, and a dash: each makes a tag of its own.",
    ),
    "_program": attr.label(
        cfg = "target",
        default = "//tools/push",
        doc = "Pushes.",
        executable = True,
    ),
}

def _image(ctx):
    """What this target itself pushes."""
    if not ctx.attr.image:
        for name in ["referrers", "remote_tags", "suffix", "tag_prefixes"]:
            if getattr(ctx.attr, name):
                fail("{}: {} = {} without an image; set it where the image is".format(
                    ctx.label,
                    name,
                    getattr(ctx.attr, name),
                ))
        return []
    files = ctx.files.image
    if len(files) != 1 or not files[0].is_directory:
        fail("{}: image = \"{}\" has {} files; give an oci_image or oci_image_index, which is one directory".format(
            ctx.label,
            ctx.attr.image.label,
            len(files),
        ))
    return [struct(
        label = str(ctx.label).removeprefix("@@").removeprefix("@").removesuffix("_push"),
        layout = files[0],
        prefixes = tuple(ctx.attr.tag_prefixes),
        referrers = depset(transitive = [each[ReferrersInfo].layouts for each in ctx.attr.referrers]),
        repository = ctx.attr.repository,
        suffix = ctx.attr.suffix,
        tags = tuple(ctx.attr.remote_tags),
    )]

def _planned(image, repository):
    """An image as tools/push reads it."""
    return {
        "layout": image.layout.short_path,
        "name": image.label,
        "prefixes": image.prefixes,
        "referrers": [each.short_path for each in image.referrers.to_list()],
        "repository": image.repository or repository,
        "suffix": image.suffix,
        "tags": image.tags,
    }

def _image_push_impl(ctx):
    if not ctx.attr.image and not ctx.attr.pushes:
        fail("{}: image = None and pushes = []: there is nothing to push; give one of them".format(ctx.label))
    images = depset(_image(ctx), transitive = [each[ImagePushInfo].images for each in ctx.attr.pushes])
    listed = images.to_list()
    plan = ctx.actions.declare_file(ctx.label.name + ".plan.json")
    ctx.actions.write(plan, json.encode_indent({
        "images": [_planned(each, ctx.attr.repository) for each in listed],
        "status": ctx.info_file.short_path,
        "version": 1,
    }) + "\n")
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {"IMAGE_PUSH_PLAN": plan.short_path},
        files = [plan, ctx.info_file],
        transitive_files = depset(transitive = [each.referrers for each in listed]),
        data = ([ctx.attr.image] if ctx.attr.image else []) + ctx.attr.pushes,
    ) + [
        ImagePushInfo(images = images),
        OutputGroupInfo(plan = depset([plan])),
    ]

image_push = rule(
    implementation = _image_push_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
)
