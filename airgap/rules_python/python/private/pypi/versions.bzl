"""Python versions in short and in full."""

# The patch levels that rules_python 2.3.2 stands for; markers on python_full_version look at them.
_PATCH_LEVELS = {
    "3.9": "3.9.25",
    "3.10": "3.10.20",
    "3.11": "3.11.15",
    "3.12": "3.12.13",
    "3.13": "3.13.13",
    "3.14": "3.14.4",
}

def minor_version(version):
    """Returns 3.11 for 3.11.2.

    Args:
      version: str.

    Returns:
      str.
    """
    return ".".join(version.split(".")[:2])

def full_version(version):
    """Returns 3.11.15 for 3.11, and a full version as it is.

    Args:
      version: str.

    Returns:
      str.
    """
    return version if version.count(".") > 1 else _PATCH_LEVELS.get(version, version + ".0")
