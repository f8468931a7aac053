"""RECORD as pip writes it after an installation."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import Mapping


def installed_record(text: str, installed: Mapping[str, str], written: Mapping[str, bytes]) -> bytes:
    """The RECORD of an installed distribution.

    Args:
        text: the RECORD in the wheel.
        installed: the member of the wheel that each path (as in RECORD) has, by member.
        written: the content of files that are not the wheel's, or no longer, by path.

    Returns:
        The file. What the wheel lists and has not installed keeps its line.
    """
    rows = []
    left = dict(installed)
    for row in csv.reader(text.splitlines()):
        if row:
            path = left.pop(row[0], row[0])
            if path not in written:
                rows.append((path, *([*row[1:3], "", ""])[:2]))
    rows += [(path, _digest(data), str(len(data))) for path, data in written.items()]
    rows += [(path, "", "") for path in left.values() if path not in written]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(sorted(rows))
    return out.getvalue().encode()


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
