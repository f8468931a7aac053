"""Roots in which the programs of an environment are started: without packages, and with those of its images.

    library_roots(
        images = {"apt": "native_apt_py311", "elf": "native_py311"},
        python = "3.11",
        venv = ":native_venv",
    )

The environment alone is `environment`: it is unpacked once, and shown in all of the roots, `with_nothing` and, by the
name of the closure, `with_apt` and `with_elf`.
"""

load("@rules_oci//oci:defs.bzl", "oci_image")
load("@rules_pkg//pkg:tar.bzl", "pkg_tar")
load("//images:config.bzl", "CUDA_DEFAULT")
load("//images:names.bzl", "tag")

def library_roots(images, python, venv):
    """Makes the environment and the roots, for amd64.

    Args:
      images: dictionary, by closure, of the `cuda_image` targets of this package with the packages.
      python: the Python of the images.
      venv: label of their `venv_layers`.
    """
    oci_image(
        name = "environment",
        architecture = "amd64",
        os = "linux",
        tags = ["manual"],
        tars = [venv + "_amd64"],
    )

    # Where it is shown: a root that nothing can be written to must have the folder.
    pkg_tar(
        name = "place",
        empty_dirs = ["usr/share/python3/app"],
        extension = "tar.gz",
        mtime = 0,
        portable_mtime = False,
        tags = ["manual"],
    )
    _root("nothing", python, [])
    for closure, image in images.items():
        _root(closure, python, [image + "_amd64_libraries", image + "_amd64_ld_cache"])

def _root(name, python, layers):
    oci_image(
        name = "with_" + name,
        base = "//images:runtime_{}_cuda{}_amd64".format(tag(python), CUDA_DEFAULT),
        tags = ["manual"],
        tars = layers + [":place"],
    )
