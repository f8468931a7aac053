"""The names of distributions, of which people write one in several ways."""

import re


def canonical(name: str) -> str:
    """The one spelling that indexes compare (PyPA specification: names and normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()
