"""What an image is given for the libraries that its environment needs: a layer of packages, and the proof that it will do.

    load("//images/private:image_libraries.bzl", "image_libraries")

    image_libraries(name = "train_py311", ...)   # cuda_image and venv_layers call it
"""

load("//apt:defs.bzl", "apt_base", "apt_layer")
load("//images:config.bzl", "RUNTIMES")
load("//images:names.bzl", "debian_layer", "python_layer")
load(":image_needs.bzl", "image_needs")
load(":library_closure.bzl", "library_closure", "resolved_libraries")
load(":pkgdeps.bzl", pkgdeps_update = "pkgdeps")
load(":platform_select.bzl", "platform_select")
load(":why.bzl", "image_why")

def libraries_layer(image):
    """The layer with the packages that the environment of an image needs.

    Args:
        image: name of the image, with its architecture.

    Returns:
        A target's name.
    """
    return image + "_libraries"

def image_closure(image):
    """The library closure of an image.

    Args:
        image: name of the image, with its architecture.

    Returns:
        A target's name.
    """
    return image + "_closure"

def image_closures(name, architectures):
    """The library closures of the images of a family.

    Args:
        name: the images' name, without the architecture.
        architectures: list of the architectures.

    Returns:
        A dictionary from architecture to a target's name.
    """
    return {arch: image_closure("{}_{}".format(name, arch)) for arch in architectures}

def update_command(name):
    """The command that writes the list of packages for the target NAME, and their lock.

    Args:
        name: the target, in the package that calls.

    Returns:
        A string.
    """
    bazel = "./bazelw" if Label("//:BUILD.bazel").repo_name == native.package_relative_label("//:x").repo_name else "bazel"
    return "{} run //{}:{}_pkgdeps".format(bazel, native.package_name(), name)

def committed(name):
    """The list of packages for the target NAME, if it is there.

    Args:
        name: the target, in the package that calls.

    Returns:
        A file's name, or None.
    """
    return _there(name + ".pkgdeps.json")

def _there(file):
    found = native.glob([file], allow_empty = True)
    return found[0] if found else None

def image_libraries(
        name,
        architectures,
        python,
        venv,
        base,
        default_base,
        layers = lambda arch: [],
        apt = None,
        closure = "elf",
        duplicate_libraries = "allow",
        hints = [],
        pkgdeps = None,
        **common):
    """Makes NAME_ARCH_libraries, NAME_ARCH_resolved, NAME_ARCH_closure, NAME_why and NAME_pkgdeps.

    Args:
        name: the images' name, without the architecture.
        architectures: list of the architectures.
        python: the Python, such as 3.11.
        venv: function from an architecture to the environment.
        base: function from an architecture to the image below.
        default_base: whether that is a runtime image of this repository, whose packages are known.
        layers: function from an architecture to the layers on it.
        apt: the repository of the lock with the packages, such as @train_apt.
        closure: `elf` or `apt`.
        duplicate_libraries: `allow` or `error`.
        hints: files of hints.
        pkgdeps: the list of packages that was committed; NAME.pkgdeps.json if it is there.
        **common: attributes of all targets.
    """
    row = [row for row in RUNTIMES if row.python == python][0]
    update = update_command(name)
    for arch in architectures:
        image = "{}_{}".format(name, arch)
        if not default_base:
            apt_base(name = image + "_installed", arch = arch, image = base(arch), **common)
        image_needs(
            name = image + "_needs",
            apt_base = _default_installed(row, arch) if default_base else image + "_installed",
            arch = arch,
            base = base(arch),
            hints = hints,
            layers = layers(arch),
            suite = row.suite,
            venv = venv(arch),
            **common
        )
        if apt:
            apt_layer(
                name = libraries_layer(image),
                arch = arch,
                base = image + "_needs",
                lock = apt,
                set = closure,
                **common
            )
        resolved_libraries(
            name = image + "_resolved",
            added = libraries_layer(image) if apt else None,
            needs = image + "_needs",
            **common
        )
        library_closure(
            name = image_closure(image),
            closure = closure,
            duplicate_libraries = duplicate_libraries,
            pkgdeps = pkgdeps or committed(name),
            resolved = image + "_resolved",
            update = update,
            **common
        )
    image_why(
        name = name + "_why",
        closure = platform_select(name, name + "_{}_resolved", architectures),
        lock = _there(name + ".apt.json"),
        **common
    )
    pkgdeps_update(
        name = name + "_pkgdeps",
        apt = apt or "",
        image = name,
        needs = ["{}_{}_needs".format(name, arch) for arch in architectures],
        update = update,
        **common
    )

def _default_installed(row, arch):
    """The apt layer that is topmost in a runtime image."""
    name = python_layer(row.python, arch) if row.interpreter == "debian" else debian_layer(row.suite, arch)
    return select({
        Label("//images:is_nvidia"): Label("//images:{}_on_nvidia".format(name)),
        "//conditions:default": Label("//images:" + name),
    })
