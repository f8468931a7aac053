"""Images on NVIDIA's published image, in place of Debian and of CUDA from NVIDIA's wheels.

    load("//images/private:pulled_base.bzl", "pulled_base", "pulled_runtime_image")

    pulled_base(name = "nvidia")
    pulled_runtime_image(name = "runtime_py311_nvidia", row = row)

The layers on top are those of the other images: what Python and TLS need and the base lacks, Python itself,
the three commands, the loader's cache. All targets are tagged manual, for they need the registry; runtime_py311_nvidia
is what `--//images:cuda_base=nvidia` makes of runtime_py311.

The base's environment and labels stay, and ours are added to them: VIRTUAL_ENV's programs come before the base's PATH,
and the locale is C.UTF-8 as in the other images, so that a program behaves the same on both.
"""

load("//apt:defs.bzl", "apt_base", "apt_layer")
load("//images:config.bzl", "ARCHITECTURES", "DEBIAN_RUNTIMES", "NVIDIA_BASE", "RUNTIMES", "VIRTUAL_ENV")
load("//images:names.bzl", "debian_layer", "pip_layers", "python_layer", "tag")
load(":image_family.bzl", "image_family")
load(":labels.bzl", "DEBIAN_LICENSE", "NVIDIA_LICENSE", "PYTHON_LICENSE", "UBUNTU_LICENSE")
load(":stacked_image.bzl", "VENV_ENV", "stacked_image")

_MANUAL = ["manual"]

# Beside that of the base, whose PATH is $PATH.
PULLED_ENV = VENV_ENV | {"PATH": VIRTUAL_ENV + "/bin:$PATH"}

PULLED_LICENSES = [DEBIAN_LICENSE, UBUNTU_LICENSE, NVIDIA_LICENSE]

def _on_nvidia(layer):
    return layer + "_on_nvidia"

def _python_layer(row, arch):
    """The layer with the row's Python: packages depend on the base, an interpreter of rules_python's does not."""
    layer = python_layer(row.python, arch)
    return _on_nvidia(layer) if row.interpreter == "debian" else layer

def pulled_base(name):
    """Defines NAME_ARCH, what NVIDIA's image has, and the layers on it; to be called in //images.

    Args:
        name: name of the base.
    """
    for arch in ARCHITECTURES:
        apt_base(
            name = "{}_{}".format(name, arch),
            arch = arch,
            image = NVIDIA_BASE.image.format(arch),
            tags = _MANUAL,
        )
        for suite in {row.suite: None for row in RUNTIMES}:
            apt_layer(
                name = _on_nvidia(debian_layer(suite, arch)),
                arch = arch,
                base = "{}_{}".format(name, arch),
                lock = "@" + suite,
                set = "base",
                tags = _MANUAL,
            )
        for row in DEBIAN_RUNTIMES:
            base = debian_layer(row.suite, arch)
            for layer, set in ({python_layer(row.python, arch): "python" + row.python} | pip_layers(row, arch)).items():
                apt_layer(
                    name = _on_nvidia(layer),
                    arch = arch,
                    base = _on_nvidia(base),
                    lock = "@" + row.suite,
                    set = set,
                    tags = _MANUAL,
                )
                base = layer

def pulled_layers(row, arch, pip = False):
    """The layers of a runtime image on NVIDIA's, the lowest first.

    Args:
        row: one row of RUNTIMES in config.bzl.
        arch: architecture.
        pip: whether to add what pip takes.

    Returns:
        A list of names of targets in //images.
    """
    return [_on_nvidia(debian_layer(row.suite, arch)), _python_layer(row, arch)] + [
        _on_nvidia(layer)
        for layer in (pip_layers(row, arch) if pip else {})
    ]

def pulled_description(row):
    """What a runtime image on NVIDIA's is, for labels.

    Args:
        row: one row of RUNTIMES in config.bzl.

    Returns:
        A part of a sentence.
    """
    return "{} with CUDA {} as NVIDIA publishes them, Python {}".format(
        NVIDIA_BASE.system,
        NVIDIA_BASE.version,
        row.python,
    )

def pulled_runtime_image(name, row):
    """Makes the images for all architectures, and what goes with them.

    Args:
        name: the images' name without the architecture.
        row: one row of RUNTIMES in config.bzl.
    """
    for arch in ARCHITECTURES:
        stacked_image(
            name = "{}_{}".format(name, arch),
            arch = arch,
            base = NVIDIA_BASE.image.format(arch),
            description = pulled_description(row),
            env = PULLED_ENV,
            layers = pulled_layers(row, arch),
            licenses = [PYTHON_LICENSE] + PULLED_LICENSES,
            tags = _MANUAL,
            title = "runtime-py" + row.python,
        )
    image_family(
        name = name,
        configs = [
            "//images/runtime:{}.yaml".format(each.format(tag(row.python), NVIDIA_BASE.cuda))
            for each in ["common", row.interpreter + "_{}", "python_{}_cuda{}"]
        ],
        push = {
            "suffix": "runtime",
            "tag_prefixes": [row.python + "-nvidia"],
        },
        tags = _MANUAL,
    )
