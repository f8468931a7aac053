"""Tests an image with container-structure-test, without a container engine.

    load("//images:defs.bzl", "image_test")

    image_test(
        name = "app_test",
        image = ":app",
        configs = ["app_test.yaml"],
    )

The configurations are container-structure-test's own, schemaVersion 2.0.0, and work with the rule
`container_structure_test` and its Docker driver as well.
"""

load("//tools/common:launcher.bzl", "launcher")
load(":image_attr.bzl", "BUBBLEWRAP", "IMAGE_ATTR", "image_layout")

_STRUCTURE_TEST = "@container_structure_test//bazel:structure_test_toolchain_type"

_DOC = """Runs container-structure-test inside the image's root, so that files, commands and metadata are the image's.

Each configuration has a fresh copy of the image: what its commands write, no other configuration sees. Within
one configuration later tests see what earlier ones wrote, and the variables that a test sets with `envVars` stay
set for the tests after it: both are so with the program's host driver, which is used here. (Its tar driver
starts no commands and follows absolute links on this machine.)"""

_ATTRS = IMAGE_ATTR | {
    "configs": attr.label_list(
        allow_empty = False,
        allow_files = [".json", ".yaml", ".yml"],
        doc = "What to test, in container-structure-test's format. File names must differ.",
        mandatory = True,
    ),
    "_program": attr.label(
        cfg = "target",
        default = "//tools/structure_test",
        doc = "What the test starts: it unpacks the image and runs the toolchain's container-structure-test.",
        executable = True,
    ),
}

def _image_test_impl(ctx):
    tester = ctx.toolchains[_STRUCTURE_TEST].st_info.binary
    spec = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(spec, json.encode_indent({
        "bwrap": ctx.toolchains[BUBBLEWRAP].bubblewrap_info.path,
        "configs": [config.short_path for config in ctx.files.configs],
        "layout": image_layout(ctx).short_path,
        "program": tester.short_path,
        "version": 1,
    }))
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {"STRUCTURE_TEST_SPEC": spec.short_path},
        files = [spec, tester] + ctx.files.configs,
        data = [ctx.attr.image],
    )

image_test = rule(
    implementation = _image_test_impl,
    doc = _DOC,
    attrs = _ATTRS,
    test = True,
    toolchains = [BUBBLEWRAP, _STRUCTURE_TEST],
)
