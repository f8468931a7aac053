"""Asks the loader of an image itself: `ld.so --list FILE` for many files, in the image started once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.elf_scan.loader import Edge
from tools.elf_scan.versions import missing_versions

_LD_SO = "/lib64/ld-linux-x86-64.so.2"
# With --list the loader ends at the first library that is not found; with ldd's variable it goes on.
_LOOP = f"""while IFS= read -r file; do
    printf '\\n=%s\\n' "$file"
    if said=$({_LD_SO} --list "$file" 2>&1); then
        printf 'listed\\n%s\\n' "$said"
    else
        LD_TRACE_LOADED_OBJECTS=1 {_LD_SO} "$file" 2>&1
    fi
done < /tmp/files"""
_FOUND = re.compile(r"\t(?:(?P<name>.+) => )?(?P<path>/.*) \(0x[0-9a-f]+\)")
_LOST = re.compile(r"\t(?P<name>.+) => not found")
_VERSION = re.compile(
    r"(?P<file>.+): (?P<path>/.+): version `(?P<version>.+)' not found \(required by (?P<needer>.+)\)"
)
_QUIET = re.compile(
    r"\tlinux-vdso\.so\.1 \(0x[0-9a-f]+\)|\tstatically linked|.*: no version information available .*"
    r"|.*: weak version `.+' not found .*|"
)


@dataclass(frozen=True)
class Answer:
    """What becomes of a file; paths are without links.

    Attributes:
        whole: whether all libraries are found.
        found: the files that are loaded with it.
        lost: the names that are not found.
        versions: what libraries lack: needer, library, version.
        said: what else was said.
    """

    whole: bool
    found: frozenset[str]
    lost: frozenset[str]
    versions: frozenset[tuple[str, str, str]]
    said: tuple[str, ...] = ()


def ask(
    layout: Path, files: Iterable[str], scratch: Path, real: Callable[[str], str | None]
) -> dict[str, Answer]:
    """What the image's loader says of each file.

    Args:
        layout: the image.
        files: absolute paths in it.
        scratch: a folder; image_run has its cache there.
        real: gives a path in the image without links.
    """
    (scratch / "files").write_bytes(b"".join(os.fsencode(f"{path}\n") for path in files))
    line = [
        sys.executable,
        "-m",
        "tools.image_run",
        "--layout",
        str(layout),
        "--user",
        "0",
        "--entrypoint",
        "",
    ]
    line += ["--bind", f"{scratch / 'files'}:/tmp/files:ro", "--", "/bin/sh", "-c", _LOOP]
    environment = os.environ | {"PYTHONPATH": ":".join(sys.path), "XDG_CACHE_HOME": str(scratch)}
    done = subprocess.run(line, env=environment, capture_output=True, check=False)
    text = os.fsdecode(done.stdout)
    assert text.startswith("\n="), os.fsdecode(done.stderr)
    answers = {}
    for each in text.removeprefix("\n=").split("\n="):
        path, _, said = each.partition("\n")
        answers[path] = _answer(path, said, lambda found: real(found) or found)
    return answers


def _answer(path: str, text: str, real: Callable[[str], str]) -> Answer:
    found, lost, versions, said = set(), set(), set(), []
    for line in text.removeprefix("listed\n").splitlines():
        if match := _LOST.fullmatch(line):
            lost.add(match["name"])
        elif match := _FOUND.fullmatch(line):
            found.add(real(match["path"]))
        elif match := _VERSION.fullmatch(line):
            versions.add((real(match["needer"]), real(match["path"]), match["version"]))
        elif not _QUIET.fullmatch(line):
            said.append(line)
    whole = text.startswith("listed\n")
    return Answer(
        whole, frozenset(found) - _not_told(path, real), frozenset(lost), frozenset(versions), tuple(said)
    )


def expected(path: str, edges: Iterable[Edge], real: Callable[[str], str]) -> Answer:
    """The same from the edges that Loader gives, but for the interpreter, which the kernel looks for."""
    edges = [edge for edge in edges if edge.name != edge.needer.facts.interpreter]
    lost = frozenset(edge.name for edge in edges if not edge.found)
    versions = frozenset(
        (edge.needer.real, edge.found.real, version)
        for edge in edges
        if edge.found and edge.name not in lost  # the list has a stand-in of that name then
        for version in missing_versions(edge)
    )
    found = frozenset(edge.found.real for edge in edges if edge.found)
    return Answer(not lost, found - _not_told(path, real), lost, versions)


def _not_told(path: str, real: Callable[[str], str]) -> frozenset[str]:
    """The file itself, and the loader, which is there whether or not something needs it."""
    return frozenset((path, real(_LD_SO)))
