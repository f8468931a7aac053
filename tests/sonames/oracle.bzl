"""Tests of the indexes of sonames against the packages in this repository's images."""

load("//images:config.bzl", "ARCHITECTURES", "DEBIAN_RUNTIMES")
load("//images:names.bzl", "build_layers", "debian_layer", "pip_layers", "python_layer")
load("//tools/pytest:defs.bzl", "pytest_test")

# The index of each suite.
INDEXES = ["//apt/locks:{}.sonames.json".format(row.suite) for row in DEBIAN_RUNTIMES]

def _layers(row, arch):
    """The layers of an image for building, of which those for running have some."""
    names = [debian_layer(row.suite, arch), python_layer(row.python, arch)]
    names += pip_layers(row, arch).keys() + build_layers(row.python, arch).keys()
    return ["//images:" + name for name in names]

def oracle_tests(name):
    """Defines a test for each suite and architecture.

    Args:
      name: how their names end.
    """
    for row in DEBIAN_RUNTIMES:
        index = "//apt/locks:{}.sonames.json".format(row.suite)
        for arch in ARCHITECTURES:
            layers = _layers(row, arch)
            pytest_test(
                name = "{}_{}_{}".format(row.suite, arch, name),
                size = "medium",
                srcs = ["oracle_test.py"],
                data = [index] + layers,
                env = {
                    "ARCH": arch,
                    "LAYERS": " ".join(["$(rlocationpath {})".format(layer) for layer in layers]),
                    "SONAMES": "$(rlocationpath {})".format(index),
                },
                deps = [
                    "//apt/tests:roots",
                    "//tools/apt_lock:lib",
                    "//tools/elf_scan",
                    "//tools/image_run:lib",
                    "//tools/sonames",
                ],
            )
