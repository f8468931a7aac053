"""Tests that every ELF file of an image finds the libraries that it needs, without starting anything.

    load("//images:defs.bzl", "link_test")

    link_test(
        name = "app_amd64_link_test",
        image = ":app_amd64",
    )

What is tested are the rules of the dynamic loader, symbol versions and LD_LIBRARY_PATH included, for images of any
architecture: //tools/link_test. It reads what LayerLibraries told of each layer, so it takes a second.
"""

load("//tools/common:launcher.bzl", "launcher")
load(":image_attr.bzl", "image_layout")
load(":layer_libraries.bzl", "ElfScanInfo", "layer_libraries")

_DOC = "Tests that the dynamic loader could load every ELF file in an image."

_ATTRS = {
    "allowed": attr.label_list(
        allow_files = [".json"],
        default = ["//images/policy:links.json"],
        doc = "What may be missing, with reasons: JSON as //tools/link_test:allowed.py describes it.",
    ),
    "closure": attr.label(
        allow_single_file = [".json"],
        doc = "The library closure of the image's environment: what it says is not needed, or loaded otherwise, may be missing.",
    ),
    "image": attr.label(
        aspects = [layer_libraries],
        doc = "The image: an `oci_image`, or what wraps one.",
        mandatory = True,
    ),
    "_program": attr.label(
        cfg = "target",
        default = "//tools/link_test",
        doc = "What the test starts.",
        executable = True,
    ),
}

def _short_path(file):
    return file.short_path

def _link_test_impl(ctx):
    libraries = ctx.attr.image[ElfScanInfo].files
    arguments = ctx.actions.declare_file(ctx.label.name + ".args")
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add("--image", image_layout(ctx).short_path)
    args.add_all(ctx.files.allowed, before_each = "--allowed", map_each = _short_path)
    args.add_all(ctx.files.closure, before_each = "--closure", map_each = _short_path)
    args.add_all(libraries, map_each = _short_path)
    ctx.actions.write(arguments, args)
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {"LINK_TEST_ARGUMENTS": arguments.short_path},
        files = [arguments] + ctx.files.allowed + ctx.files.closure,
        transitive_files = libraries,
        data = [ctx.attr.image],
    )

link_test = rule(
    implementation = _link_test_impl,
    doc = _DOC,
    attrs = _ATTRS,
    test = True,
)
