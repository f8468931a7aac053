"""Finds libraries in an archive's lists: in Contents, which has every file, and in Packages, for `Provides`.

Both are read line by line and never held: Contents of Debian 13 has 1.9 million lines for one architecture.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from tools.common.errors import ToolError
from tools.elf_scan.elf import EM_AARCH64, EM_X86_64
from tools.elf_scan.ldso import system_dirs

MACHINES = {"amd64": (EM_X86_64, 64), "arm64": (EM_AARCH64, 64)}
_PROVIDED = re.compile(r"(lib\S+\.so(?:\.[\w.+~-]+)?)(?: \([^)]*\))?(?:,|$)")
_NAME = re.compile(r".+\.so(?:\.[\w+~-]+)*")
_FOR_DEVELOPERS = ("-dev", "-dbg", "-dbgsym")

Shipped = Mapping[str, frozenset[str]]
Available = Mapping[str, frozenset[str]]


def folders(arch: str) -> list[str]:
    """Where the loader of an architecture looks by itself, without the slash that paths of packages lack."""
    if arch not in MACHINES:
        raise ToolError(
            f"sonames are known for {', '.join(MACHINES)}, not for {arch}",
            remedy='Leave "sonames" out of the .in.json, or the architecture.',
        )
    return [folder.removeprefix("/") for folder in system_dirs(*MACHINES[arch])]


def shipped(lines: Iterable[bytes], arch: str) -> Shipped:
    """The names that look like libraries in the loader's folders, by package.

    A line is a path and, behind blanks, SECTION/PACKAGE for each package that has it. What is for developers
    does not count: debugging symbols, and packages -dev, whose libX.so is for the linker. Nor does libX.so in
    compilers, packages of the section devel that are not called lib (libbinutils is).
    """
    inside = {folder.encode() for folder in folders(arch)}
    roots = tuple({folder.split(b"/lib")[0] + b"/lib" for folder in inside if b"/lib" in folder} | {b"lib/"})
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.startswith(roots) and b".so" in line:
            path, _, owners = line.rstrip().rpartition(b" ")
            folder, _, raw = path.rstrip().rpartition(b"/")
            name = raw.decode("ascii", "replace")
            if folder in inside and raw.isascii() and _NAME.fullmatch(name):
                for section, package in _owners(owners.decode("ascii", "replace")):
                    if not name.endswith(".so") or _has_libraries(section, package, name):
                        found[package].add(name)
    return {package: frozenset(names) for package, names in found.items()}


def _has_libraries(section: str, package: str, name: str) -> bool:
    return name.startswith("lib") and (section != "devel" or package.startswith("lib"))


def _owners(text: str) -> Iterable[tuple[str, str]]:
    for owner in text.split(","):
        *_, section, package = ("", *owner.split("/"))
        if section not in ("libdevel", "debug") and not package.endswith(_FOR_DEVELOPERS):
            yield section, package


def available(lines: Iterable[bytes]) -> Available:
    """The packages of a Packages file, each with the sonames that it Provides."""
    found: dict[str, frozenset[str]] = {}
    package = ""
    for line in lines:
        if line.startswith(b"Package: "):
            package = line[9:].decode().strip()
            found.setdefault(package, frozenset())
        elif line.startswith(b"Provides: ") and b".so" in line and not package.endswith(_FOR_DEVELOPERS):
            found[package] |= frozenset(_PROVIDED.findall(line[10:].decode().strip()))
    return found
