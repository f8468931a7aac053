"""The names of targets in //images that follow from the matrix.

    load("//images:names.bzl", "python_layer", "tag")

    tag("3.11")                      # "py311"
    python_layer("3.11", "amd64")    # "python3.11_amd64"
"""

def tag(python):
    """How a Python version reads in the name of an image.

    Args:
        python: version, such as 3.11.

    Returns:
        A string, such as py311.
    """
    return "py" + python.replace(".", "")

def debian_layer(suite, arch):
    """The layer with Debian's base.

    Args:
        suite: Debian suite.
        arch: architecture.

    Returns:
        A target's name.
    """
    return "debian_{}_{}".format(suite, arch)

def python_layer(python, arch):
    """The layer with an interpreter and its standard library.

    Args:
        python: version, such as 3.11.
        arch: architecture.

    Returns:
        A target's name.
    """
    return "python{}_{}".format(python, arch)

def python_dev_layer(python, arch):
    """The layer with an interpreter's headers and pip, where these are no packages of Debian's.

    Args:
        python: version, such as 3.12.
        arch: architecture.

    Returns:
        A target's name.
    """
    return "python{}_dev_{}".format(python, arch)

def build_layers(python, arch):
    """The layers with compilers and headers, the lowest first.

    Args:
        python: version, such as 3.11.
        arch: architecture.

    Returns:
        A dictionary: a target's name to the set of the lock that it has.
    """
    return {"{}{}_{}".format(each, python, arch): each for each in ["devel", "rust"]}

def pip_layers(row, arch):
    """The layers with Debian packages that pip takes, the lowest first.

    Args:
        row: one row of RUNTIMES in config.bzl.
        arch: architecture.

    Returns:
        A dictionary: a target's name to the set of the lock that it has.
    """
    return {"{}{}_{}".format(each, row.python, arch): each for each in row.pip_sets}

def venv_layer_name(kind, python, arch):
    """The layer with a virtual environment.

    Args:
        kind: key of ENVIRONMENTS in config.bzl.
        python: version, such as 3.11.
        arch: architecture.

    Returns:
        A target's name.
    """
    return "{}_venv{}_{}".format(kind, python, arch)

def cuda_layer(cuda, library, arch):
    """The layer with one of NVIDIA's libraries.

    Args:
        cuda: key of CUDA in config.bzl.
        library: `cudart`, or a key of its `libraries`.
        arch: architecture.

    Returns:
        A target's name.
    """
    return "cuda{}_{}_{}".format(cuda, library, arch)
