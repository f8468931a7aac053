"""The image `base`: Debian with its package manager, and the three commands.

    load("//images/private:base_image.bzl", "base_image")

    base_image(name = "base_bookworm", suite = "bookworm")

It has no Python: apt-install works, what is written in Python says what it lacks.
"""

load("//images:config.bzl", "ARCHITECTURES", "RUNTIMES")
load("//images:names.bzl", "debian_layer")
load(":availability.bzl", "python_tags")
load(":image_family.bzl", "family_alias", "image_family")
load(":labels.bzl", "DEBIAN_LICENSE")
load(":stacked_image.bzl", "debian_tests", "stacked_image")

def base_image(name, suite):
    """Makes the images for all architectures and what goes with them.

    Args:
        name: the images' name without the architecture.
        suite: Debian suite.
    """
    for arch in ARCHITECTURES:
        stacked_image(
            name = "{}_{}".format(name, arch),
            arch = arch,
            description = "Debian {}".format(suite),
            layers = [debian_layer(suite, arch)],
            licenses = [DEBIAN_LICENSE],
            title = "base-" + suite,
        )
    image_family(
        name = name,
        configs = debian_tests(suite) + ["//images/base:common.yaml"],
        push = {
            "suffix": "base",
            "tag_prefixes": [suite] + [row.python for row in RUNTIMES if row.suite == suite and not python_tags(row)],
        },
    )

def base_alias(name, row):
    """Names the base of a Python's images by that Python, as base_py311.

    Args:
        name: the new name.
        row: one row of RUNTIMES in config.bzl.
    """
    family_alias(
        name = name,
        actual = lambda suffix: "base_{}{}".format(row.suite, suffix),
        families = ["base_" + row.suite],
    )
