"""The image `buildtime`: one Python with all that building wheels takes, as first stage of a Dockerfile.

    load("//images/private:buildtime_image.bzl", "buildtime_image")

    [buildtime_image(name = "buildtime_" + tag(row.python), row = row) for row in RUNTIMES]

Compilers for C, C++ and Rust, the headers of common libraries, git and pip; the last stage is `runtime`.
"""

load("//images:config.bzl", "ARCHITECTURES", "DEBIAN_RUNTIMES", "VIRTUAL_ENV")
load("//images:names.bzl", "build_layers", "debian_layer", "python_dev_layer", "python_layer", "tag")
load(":availability.bzl", "python_tags")
load(":image_family.bzl", "image_family")
load(":labels.bzl", "DEBIAN_LICENSE", "PYTHON_LICENSE")
load(":stacked_image.bzl", "SYSTEM_PATH", "VENV_ENV", "debian_tests", "stacked_image")

def _layers(row, arch):
    """Where the Python is not Debian's, Debian's is below it: build tools of packages run on that one."""
    (debian,) = [each for each in DEBIAN_RUNTIMES if each.suite == row.suite]
    layers = [debian_layer(row.suite, arch), python_layer(debian.python, arch)]
    layers += build_layers(debian.python, arch).keys()
    if row.interpreter != "debian":
        layers += [python_layer(row.python, arch), python_dev_layer(row.python, arch)]
    return layers

def buildtime_image(name, row):
    """Makes the images for all architectures and what goes with them.

    Args:
        name: the images' name without the architecture.
        row: one row of RUNTIMES in config.bzl.
    """
    for arch in ARCHITECTURES:
        stacked_image(
            name = "{}_{}".format(name, arch),
            arch = arch,
            description = "Debian {} with Python {} and compilers".format(row.suite, row.python),
            env = VENV_ENV | {"PATH": ":".join([VIRTUAL_ENV + "/bin"] + SYSTEM_PATH)},
            layers = _layers(row, arch),
            licenses = [PYTHON_LICENSE, DEBIAN_LICENSE],
            tags = python_tags(row),
            title = "buildtime-py" + row.python,
        )
    image_family(
        name = name,
        configs = debian_tests(row.suite) + [
            "//images/buildtime:{}.yaml".format(each)
            for each in ["common", row.suite, tag(row.python), "{}_{}".format(row.interpreter, tag(row.python))]
        ],
        push = {
            "suffix": "buildtime",
            "tag_prefixes": [row.python],
        },
        tags = python_tags(row),
    )
