"""Says why a library or a Debian package is in an image.

    load("//images:defs.bzl", "image_why")

    image_why(
        name = "app_why",
        closure = ":app_amd64_resolved",
        image_name = "//app:app",
    )

    bazel run :app_why                     # the packages on top of the base, and what is wrong
    bazel run :app_why -- libgomp1         # the chains that lead to a package, a library or a file
    bazel run :app_why -- --graph          # a picture
    bazel run :app_why -- --help
"""

load("//tools/common:launcher.bzl", "launcher")

_DOC = """An executable that explains the library closure of an image: who needs which package, library by library.

The image need not be built for it, nor be right: what is unresolved is explained, too."""

_ATTRS = {
    "closure": attr.label(
        allow_single_file = [".json"],
        doc = "The library closure: a `resolved_libraries`, which may lack something, or its JSON.",
        mandatory = True,
    ),
    "image_name": attr.string(
        doc = "What the image is called in the answers; by default this target, without `_why`.",
    ),
    "lock": attr.label(
        allow_single_file = [".json"],
        doc = "The lock of the packages on top of the base, as //apt:lock writes it: it knows their sizes.",
    ),
    "_program": attr.label(
        cfg = "target",
        default = "//tools/why",
        doc = "Answers.",
        executable = True,
    ),
}

def _image_why_impl(ctx):
    name = ctx.attr.image_name or "//{}:{}".format(ctx.label.package, ctx.label.name.removesuffix("_why"))
    environment = {"WHY_CLOSURE": ctx.file.closure.short_path, "WHY_NAME": name}
    if ctx.file.lock:
        environment["WHY_LOCK"] = ctx.file.lock.short_path
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = environment,
        files = [ctx.file.closure] + ctx.files.lock,
    )

image_why = rule(
    implementation = _image_why_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
)
