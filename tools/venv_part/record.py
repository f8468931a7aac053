"""RECORD as pip writes it after an installation."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Iterable, Mapping

Row = tuple[str, str, str]
"""Path from site-packages, hash as RECORD spells it, size; the last two may be empty."""


def installed_rows(text: str, installed: Mapping[str, str], written: Mapping[str, bytes]) -> list[Row]:
    """The lines in the RECORD of an installed distribution.

    Args:
        text: the RECORD in the wheel.
        installed: the member of the wheel that each path (as in RECORD) has, by member.
        written: the content of files that are not the wheel's, or no longer, by path.

    Returns:
        The lines. What the wheel lists and has not installed keeps its own.
    """
    rows: list[Row] = []
    left = dict(installed)
    for row in csv.reader(text.splitlines()):
        if row:
            path = left.pop(row[0], row[0])
            if path not in written:
                digest, size = ([*row[1:3], "", ""])[:2]
                rows.append((path, digest, size))
    rows += [row_of(path, data) for path, data in written.items()]
    rows += [(path, "", "") for path in left.values() if path not in written]
    return sorted(rows)


def row_of(path: str, data: bytes) -> Row:
    """The line of a file with this content."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return path, f"sha256={digest}", str(len(data))


def dumps(rows: Iterable[Row]) -> bytes:
    """The file, with its lines sorted."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(sorted(rows))
    return out.getvalue().encode()
