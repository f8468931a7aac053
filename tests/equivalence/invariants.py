"""What still holds where image and reference differ; the list of differences names these checks.

Each is given both roots and the path, and says what is wrong, or nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.equivalence.words import as_on_amd64


@dataclass(frozen=True)
class Roots:
    """The two trees that are compared."""

    image: Path
    reference: Path

    def texts(self, path: str) -> tuple[str, str]:
        """A file's text in both."""
        return _text(self.image, path), _text(self.reference, path)


def _text(root: Path, path: str) -> str:
    return (root / path.lstrip("/")).read_text(encoding="utf-8")


def _empty(roots: Roots, path: str) -> str:
    size = (roots.reference / path.lstrip("/")).stat().st_size
    return f"it has {size} bytes" if size else ""


def _zeros(roots: Roots, path: str) -> str:
    """A table of logins in which nobody has logged in."""
    return "it has an entry" if (roots.reference / path.lstrip("/")).read_bytes().strip(b"\0") else ""


def _owned_by_apt(roots: Roots, path: str) -> str:
    users = (line.split(":") for line in _text(roots.image, "/etc/passwd").splitlines())
    ours, theirs = ((root / path.lstrip("/")).stat().st_uid for root in (roots.image, roots.reference))
    wanted = next(int(user[2]) for user in users if user[0] == "_apt")
    return "" if (ours, theirs) == (wanted, 0) else f"user {ours} in the image, {theirs} there"


def _same_lines(roots: Roots, path: str) -> str:
    ours, theirs = roots.texts(path)
    return _same(ours.splitlines(), theirs.splitlines())


def _same_stanzas(roots: Roots, path: str) -> str:
    return _same(*(text.split("\n\n") for text in roots.texts(path)))


def _same_triples(roots: Roots, path: str) -> str:
    return _same(*(_triples(text) for text in roots.texts(path)))


def _triples(text: str) -> list[tuple[str, ...]]:
    """dpkg's diversions: from, to, by whom."""
    lines = text.splitlines()
    return [tuple(lines[n : n + 3]) for n in range(0, len(lines), 3)]


def _same(ours: Iterable[object], theirs: Iterable[object]) -> str:
    image, reference = sorted(map(str, ours)), sorted(map(str, theirs))
    return "" if image == reference else f"{image} in the image, {reference} there"


def _undated(roots: Roots, path: str) -> str:
    """The lines of shadow, in which the image has no day of the last change."""
    image, reference = roots.texts(path)
    dated = re.compile(r"^([^:]*:[^:]*):\d+:", re.MULTILINE)
    return "" if image == dated.sub(r"\1::", reference) and dated.search(reference) else "other lines"


def _source_is_there(roots: Roots, path: str) -> str:
    """Byte code of a module that the image has."""
    place = Path(path.lstrip("/"))
    source = place.parent.parent
    if place.suffix == ".pyc":
        source /= place.name.rpartition(".cpython-")[0] + ".py"
    return "" if os.path.lexists(roots.image / source) else f"the image has no /{source}"


def _path_rules(roots: Roots, path: str) -> str:
    """mmdebstrap notes the options that dpkg was given: our path rules among them, in their order."""
    noted = [line for line in _text(roots.reference, path).splitlines() if line.startswith("path-")]
    ours = _text(roots.image, "/etc/dpkg/dpkg.cfg.d/slim").splitlines()
    return "" if ours == [line.replace("=", " ", 1) for line in noted] else "other rules"


def _archive_of_the_test(roots: Roots, path: str) -> str:
    """mmdebstrap leaves the one source that it was given."""
    lines = [line for line in _text(roots.reference, path).splitlines() if line]
    return "" if len(lines) == 1 and " copy:/" in lines[0] else f"it has {lines}"


def _more_libraries(roots: Roots, path: str) -> str:
    """By what ldconfig itself reads in them, the caches differ in CUDA's libraries only."""
    ours, theirs = (_cached(root / path.lstrip("/")) for root in (roots.image, roots.reference))
    wrong = [f"lacks {line}" for line in sorted(theirs - ours)]
    wrong += [f"has {line}" for line in sorted(ours - theirs) if " => /usr/local/cuda" not in line]
    return ", ".join(wrong)


def _cached(cache: Path) -> set[str]:
    command = ["/sbin/ldconfig", "-p", "-C", str(cache)]
    _, *lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.strip() for line in lines}


def _loader_and_libmvec(roots: Roots, path: str) -> str:
    """By what ldconfig itself reads in them, the caches differ in the loader and a library of amd64."""
    image, reference = (_cached(root / path.lstrip("/")) for root in (roots.image, roots.reference))
    different = {as_on_amd64(line) for line in image} ^ reference
    return ", ".join(sorted(line for line in different if not re.match(r"ld-linux-|libmvec\.", line)))


def _lib64_more(roots: Roots, path: str) -> str:
    image, reference = (set(_triples(text)) for text in roots.texts(path))
    different = {tuple(map(as_on_amd64, triple)) for triple in image} ^ reference
    return "" if different == {("/lib64", "/.lib64.usr-is-merged", "base-files")} else str(different)


def _own_architecture(roots: Roots, path: str) -> str:
    texts = roots.texts(path)
    return "" if texts == ("arm64\n", "amd64\n") else str(texts)


INVARIANTS: Mapping[str, Callable[[Roots, str], str]] = {
    "CUDA's libraries more": _more_libraries,
    "archive of the test": _archive_of_the_test,
    "empty": _empty,
    "lib64 more": _lib64_more,
    "loader and libmvec": _loader_and_libmvec,
    "no logins": _zeros,
    "own architecture": _own_architecture,
    "owned by _apt": _owned_by_apt,
    "path rules": _path_rules,
    "same lines": _same_lines,
    "same stanzas": _same_stanzas,
    "same triples": _same_triples,
    "source is there": _source_is_there,
    "undated": _undated,
}
