"""Writes small source distributions for tests, right ones and wrong ones."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

# A build backend inside the project itself (PEP 517's backend-path), so that nothing has to be installed.
# `{body}` is what its hook does.
BACKEND = """\
import os, zipfile

def wheel(folder, name="tiny", version="1.0", tag="py3-none-any", files=()):
    info = f"{{name}}-{{version}}.dist-info"
    members = dict(files) | {{
        f"{{info}}/METADATA": f"Metadata-Version: 2.1\\nName: {{name}}\\nVersion: {{version}}\\n",
        f"{{info}}/WHEEL": f"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {{tag}}\\n",
    }}
    import base64, hashlib
    lines = []
    for each, text in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{{each}},sha256={{digest}},{{len(text.encode())}}\\n")
    file = f"{{name}}-{{version}}-{{tag}}.whl"
    with zipfile.ZipFile(os.path.join(folder, file), "w") as archive:
        for each, text in members.items():
            archive.writestr(each, text)
        archive.writestr(f"{{info}}/RECORD", "".join(lines) + f"{{info}}/RECORD,,\\n")
    return file

def build_wheel(folder, config_settings=None, metadata_directory=None):
{body}
"""

PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def entry(
    name: str, content: bytes = b"", mode: int = 0o644, **more: object
) -> tuple[tarfile.TarInfo, bytes]:
    """A member."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), mode, 1234567890
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def write_sdist(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Writes the members."""
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def project(folder: Path, body: str, files: Mapping[str, str] | None = None, name: str = "tiny-1.0") -> Path:
    """Writes an sdist whose build is the Python code in `body`."""
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    texts = {"pyproject.toml": PYPROJECT, "backend.py": BACKEND.format(body=indented), **(files or {})}
    members = [entry(f"{name}/{each}", text.encode()) for each, text in texts.items()]
    return write_sdist(folder / f"{name}.tar.gz", *members)
