"""Whether the Python of a row can be had where this runs.

    load("//images/private:availability.bzl", "python_tags")

    image_family(name = "runtime_py312", tags = python_tags(row), ...)

Debian's Pythons can be had everywhere. rules_python's own interpreters are downloaded, and its stand-in in airgap/
has none: there what needs one is built when asked for only, to say what is missing, or with an interpreter that the
user registered.
"""

load("@rules_python//python:features.bzl", "features")

FETCHED = not getattr(features, "dropin", False)

def python_tags(row):
    """Tags for all that cannot be built without the row's Python.

    Args:
        row: one row of RUNTIMES in config.bzl.

    Returns:
        A list.
    """
    return [] if row.interpreter == "debian" or FETCHED else ["manual"]
