"""The test that layers have what pip makes of their wheels."""

load("//tools/pytest:defs.bzl", "pytest_test")

def equal_test(name, python, layers, image, requested):
    """Defines the test.

    Args:
        name: name of the test.
        python: the environment's Python.
        layers: the `venv_layer`, for amd64.
        image: an image with that Python in which pip can be started; its own environment is taken away.
        requested: names of the distributions that were asked for.
    """
    native.filegroup(
        name = name + "_wheels",
        testonly = True,
        srcs = [layers],
        output_group = "wheels",
    )

    # As root the test also becomes other users, which a sandbox does not allow.
    pytest_test(
        name = name,
        size = "medium",
        srcs = ["equal_test.py"],
        data = [
            "differences.json",
            image,
            layers,
            name + "_wheels",
        ],
        env = {
            "DIFFERENCES": "$(rootpath differences.json)",
            "IMAGE": "$(rootpath {})".format(image),
            "LAYERS": "$(rootpaths {})".format(layers),
            "PYTHON": python,
            "REQUESTED": " ".join(requested),
            "WHEELS": "$(rootpaths {}_wheels)".format(name),
        },
        tags = ["no-sandbox"],
        target_compatible_with = ["@platforms//cpu:x86_64"],
        deps = ["//tools/image_run:lib"],
    )
