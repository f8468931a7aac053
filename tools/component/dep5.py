"""Debian's machine-readable copyright files (DEP-5): which licences they say that a package has.

Other copyright files are prose, of which nothing is concluded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.component.licenses import Licence, joined, named, reference, table

_FORMAT = re.compile(r"Format(-Specification)?:\s*\S*(copyright-format|dep-?5)", re.IGNORECASE)

# What joins names, in the order in which it binds, the weakest first: a comma before a word binds last.
_WORDS = (
    (r",\s*or\s+", "OR"),
    (r",\s*and\s+", "AND"),
    (r"\s+(?:and/or|or)\s+", "OR"),
    (r"\s+and\s+", "AND"),
)


def licence(package: str, text: str) -> Licence:
    """The licences of all files that the package is built from; each `License:` of a `Files:` counts.

    Args:
        package: name of the package, of which LicenseRef-s are made.
        text: its copyright file.
    """
    stanzas = list(_stanzas(text))
    if not stanzas or not _FORMAT.match(text.lstrip("\ufeff\n ")):
        return Licence()
    refs: dict[str, str] = {}
    found = [
        _expression(package, stanza["license"].split("\n")[0], refs)
        for stanza in stanzas
        if "files" in stanza and "license" in stanza
    ]
    return Licence(joined(found), dict(sorted(refs.items())))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        found: dict[str, str] = {}
        name = ""
        for line in block.split("\n"):
            if line.startswith((" ", "\t")) and name:
                found[name] += "\n" + line.strip()
            elif ":" in line and not line.startswith("#"):
                name, value = line.split(":", 1)
                name = name.strip().lower()
                found[name] = value.strip()
        if found:
            yield found


def _expression(package: str, short: str, refs: dict[str, str]) -> str:
    """The SPDX expression of what a field says: `GPL-2+ or Artistic`."""
    short = " ".join(short.split()).strip(" .,")
    if not short:
        return ""
    # The format knows no parentheses. Where somebody writes them, words bind otherwise than they do here.
    for word, spdx in () if re.search(r"[()]", short) else _WORDS:
        parts = re.split(word, short, flags=re.IGNORECASE)
        if len(parts) > 1:
            return _joined([_expression(package, part, refs) for part in parts], spdx)
    return _one(package, short, refs)


def _joined(parts: list[str], word: str) -> str:
    other = " AND " if word == "OR" else " OR "
    distinct = list(dict.fromkeys(part for part in parts if part))
    if len(distinct) == 1:
        return distinct[0]
    return f" {word} ".join(f"({part})" if other in part else part for part in distinct)


def _one(package: str, name: str, refs: dict[str, str]) -> str:
    base, separator, exception = re.sub(r"\s+exception$", "", name, flags=re.IGNORECASE).partition(" with ")
    known = named(base)
    if separator and known:
        spdx = table().exceptions.get(exception.strip().lower(), "")
        if spdx:
            return f"{known} WITH {spdx}"
    elif known:
        return known
    return _own(package, name, refs)


def _own(package: str, name: str, refs: dict[str, str]) -> str:
    """The LicenseRef of a name; X-1 and X-1+, of which both would be called X-1, have two."""
    first = ref = reference(f"debian-{package}", name)
    text = f"{name}: see /usr/share/doc/{package}/copyright"
    number = 1
    while refs.setdefault(ref, text) != text:
        number += 1
        ref = f"{first}-{number}"
    return ref
