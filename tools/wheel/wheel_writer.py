"""Writes small wheels for tests, right ones and wrong ones."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

Change = Callable[[dict[str, bytes]], object]


def record_line(name: str, data: bytes) -> str:
    """A file's line in RECORD."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def write_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, bytes], change: Change | None = None
) -> Path:
    """Writes a wheel of the files, with METADATA, a licence and RECORD.

    `change` gets the members after RECORD was made and may spoil them; a name may then start with `/`.
    """
    base = f"{name.replace('-', '_')}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    members = {
        **files,
        f"{base}.dist-info/METADATA": metadata.encode(),
        f"{base}.dist-info/License.txt": b"The terms.\n",
    }
    lines = [record_line(*member) for member in members.items()]
    members[f"{base}.dist-info/RECORD"] = "".join([*lines, f"{base}.dist-info/RECORD,,\n"]).encode()
    if change is not None:
        change(members)
    path = folder / f"{base}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(member), data, zipfile.ZIP_DEFLATED)
    return path
