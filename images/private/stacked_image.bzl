"""One image of one architecture, made of layers: what all images of //images have in common.

    load("//images/private:stacked_image.bzl", "stacked_image")

    stacked_image(
        name = "base_bookworm_amd64",
        arch = "amd64",
        description = "Debian bookworm",
        env = {"LANG": "C.UTF-8"},
        layers = ["debian_bookworm_amd64"],
        licenses = [DEBIAN_LICENSE],
        title = "base-bookworm",
    )
"""

load("@rules_oci//oci:defs.bzl", "oci_image")
load("//images:config.bzl", "VIRTUAL_ENV")
load(":labels.bzl", "image_labels")
load(":ld_cache_layer.bzl", "ld_cache_layer")

# Debian's own PATH of root.
SYSTEM_PATH = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
]

# What every image sets; UTF-8 without a locale to generate.
SYSTEM_ENV = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PATH": ":".join(SYSTEM_PATH),
}

# A virtual environment need not be there; where it is, its programs come first.
VENV_ENV = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "VIRTUAL_ENV": VIRTUAL_ENV,
}

_COMMANDS = Label("//images/base:rootfs")

def stacked_image(
        name,
        arch,
        layers,
        title,
        description,
        licenses,
        env = {},
        tags = [],
        base = None,
        config = {}):
    """Makes an image of the layers, the three commands and the loader's cache.

    Args:
        name: name of the image.
        arch: architecture, as Debian and OCI call it.
        layers: layers, the lowest first: what changes least lies lowest.
        title: short name of the image, for its labels.
        description: one sentence, for its labels.
        licenses: list of SPDX expressions, for its labels.
        env: environment, beside SYSTEM_ENV.
        tags: tags of the targets.
        base: an image below the layers, whose environment and labels stay where ours do not say otherwise; its PATH
            is $PATH in `env`.
        config: further attributes of oci_image: `cmd`, which is bash without, `exposed_ports`, `user`, `workdir`.
    """
    labels = image_labels(title, description, licenses, native.module_version() or "0")

    # The linker's cache is about all layers, so it is on top.
    stack = layers + [_COMMANDS]
    ld_cache_layer(
        name = name + "_ld_cache",
        arch = arch,
        base = base,
        layers = stack,
        tags = tags,
    )
    oci_image(
        name = name,
        annotations = labels,
        # An image on another is for the platform of that one.
        architecture = None if base else arch,
        base = base,
        env = SYSTEM_ENV | env,
        labels = labels,
        os = None if base else "linux",
        tags = tags,
        tars = stack + [name + "_ld_cache"],
        visibility = ["//visibility:public"],
        **({"cmd": ["bash"]} | config)
    )

def debian_tests(suite):
    """The configurations for container-structure-test that hold for every image.

    Args:
        suite: Debian suite.

    Returns:
        A list of labels.
    """
    return ["//images/base:{}.yaml".format(each) for each in ["debian", suite]]
