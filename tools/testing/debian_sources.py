"""apt's sources as an image has them, pointed at the mirrors that this machine uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def mirrored(sources: str, suite: str, archives: Mapping[str, Sequence[str]]) -> str:
    """Puts the first mirror of each archive in the place of Debian's own.

    Args:
        sources: the text of sources.list or debian.sources.
        suite: the suite of the image.
        archives: mirrors by archive, as in @apt_mirrors//:mirrors.json.
    """
    # One-line style has the URL before the suite, deb822 has the field URIs above the field Suites.
    for suites, archive in ((f"{suite}-security", "debian-security"), (f"{suite}(-updates)?", "debian")):
        sources = re.sub(rf"\S+://\S+(?=\s+(Suites: )?{suites}\s)", archives[archive][0], sources)
    return sources
