"""Loads an image into the container engine of this machine.

    load("//images:defs.bzl", "image_load")

    image_load(
        name = "app_load",
        image = ":app",
        repo_tags = ["team/app:latest"],
        shell = ":app_shell",
    )

    bazel run :app_load                                    # Docker or podman has team/app:latest
    bazel run :app_load -- --runtime podman --tag app:dev
    bazel run :app_load -- --help
"""

load("//tools/common:launcher.bzl", "launcher")
load(":image_attr.bzl", "IMAGE_ATTR", "image_layout")

_DOC = """An executable that has Docker or podman, whichever answers, pull the image from the build's output.

Layers that the engine has are not sent. Of an index the image for this machine is loaded."""

_ATTRS = IMAGE_ATTR | {
    "repo_tags": attr.string_list(
        doc = "Names for the image in the engine, such as team/app:latest, unless --tag gives others.",
        mandatory = True,
    ),
    "shell": attr.string(
        doc = "The image_shell of the image, for who has no engine.",
    ),
    "_program": attr.label(
        cfg = "exec",  # the machine's own, whatever the image is for
        default = "//tools/load",
        doc = "What does it.",
        executable = True,
    ),
}

def _shown(label):
    """A label as people write it."""
    text = str(label)
    return text.removeprefix("@@") if text.startswith("@@//") else text

def _image_load_impl(ctx):
    environment = {
        "LOAD_LAYOUT": image_layout(ctx).short_path,
        "LOAD_TAGS": " ".join(ctx.attr.repo_tags),
        "LOAD_TARGET": _shown(ctx.label),
    }
    if ctx.attr.shell:
        environment["LOAD_SHELL"] = _shown(ctx.label.relative(ctx.attr.shell))
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = environment,
        data = [ctx.attr.image],
    )

image_load = rule(
    implementation = _image_load_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
)
