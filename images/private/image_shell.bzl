"""Starts a program in an image, without a container engine.

    load("//images:defs.bzl", "image_shell")

    image_shell(
        name = "app_shell",
        image = ":app",
    )

    bazel run :app_shell                                   # a shell, or the image's own command
    bazel run :app_shell -- --read-only -- python3 -V      # one command
    bazel run :app_shell -- --help
"""

load("//tools/common:launcher.bzl", "launcher")
load(":image_attr.bzl", "BUBBLEWRAP", "IMAGE_ATTR", "image_layout")

_DOC = """An executable that unpacks an image into the user's cache, once, and starts a program in it with bubblewrap.

The program may write anywhere and its changes are gone at the end; it has no network unless asked for."""

_ATTRS = IMAGE_ATTR | {
    "_program": attr.label(
        cfg = "target",
        default = "//tools/image_run",
        doc = "What the shell starts: it unpacks the image and calls bubblewrap.",
        executable = True,
    ),
}

def _image_shell_impl(ctx):
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {
            "IMAGE_RUN_BWRAP": ctx.toolchains[BUBBLEWRAP].bubblewrap_info.path,
            "IMAGE_RUN_LAYOUT": image_layout(ctx).short_path,
        },
        data = [ctx.attr.image],
    )

image_shell = rule(
    implementation = _image_shell_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
    toolchains = [BUBBLEWRAP],
)
