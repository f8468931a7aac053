"""Wheels that were fetched once, for the next output base: the answer to a request, and files by their hash.

It is a help and nothing more: a file is hashed before it is used, what is damaged is as good as absent, and a
cache that can't be written is none. `rm -r` of the folder is safe at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from wheels.request import Request


def folder(environment: Mapping[str, str]) -> Path | None:
    """The folder in the user's cache; None where the user has none or wants none."""
    if environment.get("PIP_NO_CACHE_DIR", "").lower() in ("1", "true", "yes", "on"):
        return None
    base = environment.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = environment.get("HOME", "")
        base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    return Path(base, "pycuda", "wheels") if base else None


def sha256(path: Path) -> str:
    """The hash of a file, spelled as in a lock."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _answer(root: Path, request: Request) -> Path:
    """Where it is noted which of the locked files fits. That depends on these files and the target alone."""
    target = request.target
    asked = [request.name, request.version, sorted(request.hashes), target.python, target.platform]
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    return root / "answers" / digest[:2] / digest


def _file(root: Path, digest: str) -> Path:
    value = digest.removeprefix("sha256:")
    return root / "files" / value[:2] / value


def get(root: Path, request: Request, target: Path) -> Path | None:
    """Puts the wheel for a request into a folder; None if it isn't here."""
    try:
        digest, name = _answer(root, request).read_text(encoding="utf-8").split(" ")
        cached = _file(root, digest)
        if digest not in request.hashes or name != os.path.basename(name) or not name.endswith(".whl"):
            return None
        if sha256(cached) != digest:
            cached.unlink(missing_ok=True)
            return None
        wheel = target / name
        _place(cached, wheel)
    except (OSError, ValueError):
        return None
    return wheel


def put(root: Path, request: Request, wheel: Path) -> None:
    """Keeps the wheel that a request has led to."""
    with contextlib.suppress(OSError):
        digest = sha256(wheel)
        cached, answer = _file(root, digest), _answer(root, request)
        if not cached.exists():
            _place(wheel, cached)
        descriptor, scratch = _scratch(answer)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{digest} {wheel.name}")
        os.replace(scratch, answer)


def _scratch(target: Path) -> tuple[int, str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.mkstemp(dir=target.parent, prefix=".new-")


def _place(source: Path, target: Path) -> None:
    """Makes a file the other at once: another name of it, or a copy where that can't be."""
    descriptor, scratch = _scratch(target)
    os.close(descriptor)
    try:
        os.unlink(scratch)
        try:
            os.link(source, scratch)
        except OSError:
            shutil.copyfile(source, scratch)
        os.replace(scratch, target)
    finally:
        Path(scratch).unlink(missing_ok=True)
