"""The images with a virtual environment, `vanilla` and `jupyter`: runtime, and wheels at VIRTUAL_ENV.

    load("//images/private:venv_image.bzl", "venv_image")

    venv_image(name = "jupyter_py311", kind = "jupyter", row = row)

As with runtime, each variant of CUDA is an image of its own, jupyter_py311_cuda13, and jupyter_py311 is the one that
the flags choose. All have the same environment, so that only those of the default CUDA are built and tested by `//...`.
"""

load(
    "//images:config.bzl",
    "ARCHITECTURES",
    "CUDA",
    "ENVIRONMENTS",
    "NVIDIA_BASE",
)
load("//images:names.bzl", "pip_layers", "tag", "venv_layer_name")
load(":availability.bzl", "python_tags")
load(":image_family.bzl", "family_alias", "image_family")
load(":image_libraries.bzl", "image_closures", "image_libraries")
load(":labels.bzl", "DEBIAN_LICENSE", "NVIDIA_LICENSE", "PYTHON_LICENSE")
load(":pulled_base.bzl", "PULLED_ENV", "PULLED_LICENSES", "pulled_description", "pulled_layers")
load(":runtime_image.bzl", "runtime_env", "runtime_layers")
load(":stacked_image.bzl", "debian_tests", "stacked_image")
load(":variants.bzl", "VARIANTS", "is_default", "tag_prefixes", "variant_select")

# Those of the wheels are in the image, in each distribution's dist-info.
_WHEELS_LICENSE = "LicenseRef-Python-distributions"

def venv_image(name, kind, row):
    """Makes the images for all variants of CUDA and all architectures, and what goes with them.

    Args:
        name: the images' name without variant and architecture.
        kind: key of ENVIRONMENTS in config.bzl.
        row: one row of RUNTIMES in config.bzl.
    """
    for variant in VARIANTS:
        _variant_image("{}_{}".format(name, variant.name), kind, row, variant)
    _pulled_image(name + "_nvidia", kind, row)
    family_alias(
        name = name,
        actual = lambda suffix: variant_select(name + "_{}" + suffix),
        more = ["_pkgdeps", "_why"],
        tags = python_tags(row),
        families = ["{}_{}".format(name, variant.name) for variant in VARIANTS if is_default(variant)],
    )

def _libraries(name, kind, row, layers, tags, base = None):
    """Looks at the libraries of the environment on its layers, which have all that it needs."""
    image_libraries(
        name = name,
        architectures = ARCHITECTURES,
        base = lambda arch: base.format(arch) if base else None,
        default_base = True,
        layers = lambda arch: layers(arch) + ENVIRONMENTS[kind].files,
        python = row.python,
        tags = tags,
        venv = lambda arch: venv_layer_name(kind, row.python, arch),
        visibility = ["//visibility:public"],
    )

def _variant_image(name, kind, row, variant):
    environment = ENVIRONMENTS[kind]
    tags = python_tags(row) if is_default(variant) else ["manual"]
    for arch in ARCHITECTURES:
        stacked_image(
            name = "{}_{}".format(name, arch),
            arch = arch,
            config = environment.config,
            description = "Debian {} with Python {}, CUDA {} ({}), and {}".format(
                row.suite,
                row.python,
                CUDA[variant.cuda].version,
                variant.flavour,
                environment.description,
            ),
            env = runtime_env(variant) | environment.env,
            layers = runtime_layers(row, variant, arch) + pip_layers(row, arch).keys() + environment.files +
                     [venv_layer_name(kind, row.python, arch)],
            licenses = [PYTHON_LICENSE, DEBIAN_LICENSE, NVIDIA_LICENSE, _WHEELS_LICENSE],
            tags = tags,
            title = "{}-py{}".format(kind, row.python),
        )
    _libraries(name, kind, row, lambda arch: runtime_layers(row, variant, arch) + pip_layers(row, arch).keys(), tags)
    image_family(
        name = name,
        closures = image_closures(name, ARCHITECTURES),
        configs = debian_tests(row.suite) + [
            "//images/runtime:common.yaml",
            "//images/runtime:cuda{}.yaml".format(variant.cuda),
            "//images/venv:common.yaml",
            "//images/venv:python_{}.yaml".format(tag(row.python)),
            "//images/{}:{}_{}.yaml".format(kind, kind, tag(row.python)),
        ],
        push = {
            "suffix": kind,
            "tag_prefixes": tag_prefixes(row, variant),
        },
        tags = tags,
    )

def _pulled_image(name, kind, row):
    """The same on NVIDIA's own image; see pulled_base.bzl."""
    environment = ENVIRONMENTS[kind]
    tags = ["manual"]
    for arch in ARCHITECTURES:
        stacked_image(
            name = "{}_{}".format(name, arch),
            arch = arch,
            base = NVIDIA_BASE.image.format(arch),
            config = environment.config,
            description = "{}, and {}".format(pulled_description(row), environment.description),
            env = PULLED_ENV | environment.env,
            layers = pulled_layers(row, arch, pip = True) + environment.files + [venv_layer_name(kind, row.python, arch)],
            licenses = [PYTHON_LICENSE] + PULLED_LICENSES + [_WHEELS_LICENSE],
            tags = tags,
            title = "{}-py{}".format(kind, row.python),
        )
    _libraries(name, kind, row, lambda arch: pulled_layers(row, arch, pip = True), tags, NVIDIA_BASE.image)
    image_family(
        name = name,
        closures = image_closures(name, ARCHITECTURES),
        configs = [
            "//images/runtime:common.yaml",
            "//images/venv:common.yaml",
            "//images/venv:python_{}.yaml".format(tag(row.python)),
            "//images/{}:{}_{}.yaml".format(kind, kind, tag(row.python)),
        ],
        push = {
            "suffix": kind,
            "tag_prefixes": [row.python + "-nvidia"],
        },
        tags = tags,
    )
