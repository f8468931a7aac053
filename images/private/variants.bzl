"""The variants of images with CUDA, and the choice among them by flags.

    load("//images/private:variants.bzl", "VARIANTS", "variant_flags", "variant_select")

    variant_flags(name = "cuda")
    alias(name = "runtime_py311", actual = variant_select("runtime_py311_{}"))

Each variant is a target of its own, so that several can be built and pushed side by side; what has no variant in its
name follows the flags `--//images:cuda` and `--//images:cuda_flavour`; or `--//images:cuda_base=nvidia`, for which
pulled_base.bzl makes the targets with `nvidia` in the place of the variant's name.
"""

load("@bazel_skylib//rules:common_settings.bzl", "string_flag")
load(
    "//images:config.bzl",
    "CUDA",
    "CUDA_BASES",
    "CUDA_BASE_DEFAULT",
    "CUDA_DEFAULT",
    "CUDA_FLAVOURS",
    "CUDA_FLAVOUR_DEFAULT",
    "NVIDIA_BASE",
)
load("//images:names.bzl", "cuda_layer")

def _variant(cuda, flavour):
    return struct(
        cuda = cuda,
        flavour = flavour,
        # Which of NVIDIA's libraries are layers of it, the lowest first.
        libraries = ["cudart"] + (sorted(CUDA[cuda].libraries) if flavour != "base" else []),
        name = "cuda" + cuda + ("_" + flavour if flavour != "base" else ""),
        # Some gigabytes to fetch: for who asks.
        tags = ["manual"] if flavour != "base" else [],
    )

VARIANTS = [_variant(cuda, flavour) for cuda in CUDA for flavour in CUDA_FLAVOURS]

def variant_flags(name):
    """Defines the flags NAME, NAME_flavour and NAME_base, and what they select on; to be called in //images.

    Args:
        name: the flags' name.
    """
    string_flag(
        name = name,
        build_setting_default = CUDA_DEFAULT,
        values = sorted(CUDA),
        visibility = ["//visibility:public"],
    )
    string_flag(
        name = name + "_flavour",
        build_setting_default = CUDA_FLAVOUR_DEFAULT,
        values = CUDA_FLAVOURS,
        visibility = ["//visibility:public"],
    )
    string_flag(
        name = name + "_base",
        build_setting_default = CUDA_BASE_DEFAULT,
        values = CUDA_BASES,
        visibility = ["//visibility:public"],
    )
    native.config_setting(
        name = "is_nvidia",
        flag_values = {
            ":" + name: NVIDIA_BASE.cuda,
            ":{}_base".format(name): "nvidia",
            ":{}_flavour".format(name): "base",
        },
    )
    for variant in VARIANTS:
        native.config_setting(
            name = _setting(variant),
            flag_values = {
                ":" + name: variant.cuda,
                ":{}_base".format(name): "debian",
                ":{}_flavour".format(name): variant.flavour,
            },
        )

def _setting(variant):
    return "is_" + variant.name

def variant_select(template):
    """The target of the variant that the flags choose.

    Args:
        template: name of a target in //images, with {} for the variant's name.

    Returns:
        A select().
    """
    names = {_setting(variant): variant.name for variant in VARIANTS} | {"is_nvidia": "nvidia"}
    return select(
        {"//images:" + setting: "//images:" + template.format(name) for setting, name in names.items()},
        no_match_error = "--//images:cuda_base=nvidia needs --//images:cuda={} {}".format(
            NVIDIA_BASE.cuda,
            "and --//images:cuda_flavour=base: NVIDIA's image has its own libraries",
        ),
    )

def is_default(variant):
    """Whether images are of a variant when no flag says otherwise.

    Args:
        variant: one of VARIANTS.

    Returns:
        A boolean.
    """
    return (variant.cuda, variant.flavour) == (CUDA_DEFAULT, CUDA_FLAVOUR_DEFAULT)

def tag_prefixes(row, variant):
    """What tags of an image begin with in a registry; those of the default variant need not name it.

    Args:
        row: one row of RUNTIMES in config.bzl.
        variant: one of VARIANTS.

    Returns:
        A list, such as 3.11 and 3.11-cuda12.
    """
    named = "{}-{}".format(row.python, variant.name.replace("_", "-"))
    return ([row.python] if is_default(variant) else []) + [named]

def variant_layers(variant, arch):
    """The layers with NVIDIA's libraries, the lowest first.

    Args:
        variant: one of VARIANTS.
        arch: architecture.

    Returns:
        A list of names of targets in //images.
    """
    return [cuda_layer(variant.cuda, library, arch) for library in variant.libraries]
