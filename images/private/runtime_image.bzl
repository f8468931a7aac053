"""The image `runtime`: Debian, one Python, CUDA and three commands, in layers by rate of change.

    load("//images:config.bzl", "RUNTIMES")
    load("//images/private:runtime_image.bzl", "runtime_image")

    [runtime_image(name = "runtime_" + tag(row.python), row = row) for row in RUNTIMES]

Each variant of CUDA is an image of its own, runtime_py311_cuda13, and so is runtime_py311_nvidia on NVIDIA's base;
runtime_py311 is the one that the flags choose.
"""

load("//images:config.bzl", "ARCHITECTURES", "CUDA", "VIRTUAL_ENV")
load("//images:names.bzl", "debian_layer", "python_layer", "tag")
load(":availability.bzl", "python_tags")
load(":cuda_env.bzl", "CUDA_PATH", "cuda_env")
load(":image_family.bzl", "family_alias", "image_family")
load(":labels.bzl", "DEBIAN_LICENSE", "NVIDIA_LICENSE", "PYTHON_LICENSE")
load(":pulled_base.bzl", "pulled_runtime_image")
load(":stacked_image.bzl", "SYSTEM_PATH", "VENV_ENV", "debian_tests", "stacked_image")
load(":variants.bzl", "VARIANTS", "tag_prefixes", "variant_layers", "variant_select")

def runtime_image(name, row):
    """Makes the images for all variants of CUDA and all architectures, and what goes with them.

    Args:
        name: the images' name without variant and architecture.
        row: one row of RUNTIMES in config.bzl.
    """
    for variant in VARIANTS:
        _variant_image("{}_{}".format(name, variant.name), row, variant)
    pulled_runtime_image(
        name = name + "_nvidia",
        row = row,
    )
    family_alias(
        name = name,
        actual = lambda suffix: variant_select(name + "_{}" + suffix),
        tags = python_tags(row),
        families = ["{}_{}".format(name, variant.name) for variant in VARIANTS if not variant.tags],
    )

def runtime_env(variant):
    """The environment of images with CUDA.

    Args:
        variant: one of VARIANTS.

    Returns:
        A dictionary.
    """
    return cuda_env(CUDA[variant.cuda].version) | VENV_ENV | {
        "PATH": ":".join([VIRTUAL_ENV + "/bin"] + CUDA_PATH + SYSTEM_PATH),
    }

def runtime_layers(row, variant, arch):
    """The layers of a runtime image, the lowest first.

    Args:
        row: one row of RUNTIMES in config.bzl.
        variant: one of VARIANTS.
        arch: architecture.

    Returns:
        A list of names of targets in //images.
    """
    return [debian_layer(row.suite, arch), python_layer(row.python, arch)] + variant_layers(variant, arch)

def _variant_image(name, row, variant):
    version = CUDA[variant.cuda].version
    tags = variant.tags + [tag for tag in python_tags(row) if tag not in variant.tags]
    for arch in ARCHITECTURES:
        stacked_image(
            name = "{}_{}".format(name, arch),
            arch = arch,
            description = "Debian {} with Python {} and CUDA {} ({})".format(
                row.suite,
                row.python,
                version,
                variant.flavour,
            ),
            env = runtime_env(variant),
            layers = runtime_layers(row, variant, arch),
            licenses = [PYTHON_LICENSE, DEBIAN_LICENSE, NVIDIA_LICENSE],
            tags = tags,
            title = "runtime-py" + row.python,
        )
    image_family(
        name = name,
        configs = structure_tests(row, variant),
        push = {
            "suffix": "runtime",
            "tag_prefixes": tag_prefixes(row, variant),
        },
        tags = tags,
    )

def structure_tests(row, variant):
    """The configurations for container-structure-test.

    Args:
        row: one row of RUNTIMES in config.bzl.
        variant: one of VARIANTS.

    Returns:
        A list of labels.
    """
    parts = ["common", "cuda" + variant.cuda, "{}_{}".format(row.interpreter, tag(row.python))]
    parts.append("python_{}_{}".format(tag(row.python), variant.name))
    if variant.flavour != "base":
        parts.append("libraries_{}_{}".format(tag(row.python), variant.name))
    return debian_tests(row.suite) + ["//images/runtime:{}.yaml".format(each) for each in parts]
