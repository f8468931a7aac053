"""What is wrong with the attributes of a cuda_image, as far as it can be said before anything is analysed."""

load("//images:config.bzl", "RUNTIMES")
load("//images:names.bzl", "tag")

def cuda_image_problem(label, python, venv, wheels, unknown):
    """What is wrong with the attributes of a cuda_image, as far as it can be said before anything is analysed.

    Args:
        label: the target, for messages.
        python: as given.
        venv: as given.
        wheels: as given.
        unknown: dictionary of attributes that it doesn't have.

    Returns:
        A message, or an empty string.
    """
    for attribute, value in unknown.items():
        return "{}: {} = {} is no attribute of cuda_image; docs/cuda_image.md lists what it has".format(
            label,
            attribute,
            repr(value),
        )
    if not runtime_row(python):
        return "{}: python = {} has no image; choose one of {}".format(
            label,
            repr(python),
            ", ".join([row.python for row in RUNTIMES]),
        )
    if venv and wheels:
        return "{}: venv = {} and wheels = {} are both given; {}".format(
            label,
            repr(venv),
            repr(wheels),
            "give the wheels to the venv_layers target, or leave venv out",
        )
    if not venv and not wheels:
        return "{}: venv = {} and wheels = {}: there is neither; {}".format(
            label,
            repr(venv),
            repr(wheels),
            "name a venv_layers target, or the wheels to install; vanilla_{} is an image without any".format(tag(python)),
        )
    return ""

def runtime_row(python):
    """The row of the matrix for a Python.

    Args:
        python: version, such as 3.11.

    Returns:
        A row of RUNTIMES in config.bzl, or None.
    """
    for row in RUNTIMES:
        if row.python == python:
            return row
    return None
