"""Reads the source of a lock, NAME.in: requirements, where they may come from besides, and for which Pythons.

Lines that start with `# python:`, `# pythons:` or `# sdist:` are settings; see venv/README.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError, raise_all

OLDEST_PYTHON = "3.9"
# What the images have: Debian's patch level of its Pythons, and the C library below each.
_PATCH_LEVELS = {"3.9": "3.9.2", "3.11": "3.11.2", "3.13": "3.13.5"}
# Trixie has 2.41; 2.40 is the latest that uv knows.
_GLIBC = {"3.9": "2_31", "3.10": "2_36", "3.11": "2_36", "3.12": "2_36", "3.13": "2_40", "3.14": "2_40"}
MACHINES = ("x86_64", "aarch64")

_SETTING = re.compile(r"^#\s*(?P<key>pythons?|sdist):(?P<value>.*)$")
_PYTHON = re.compile(r"3\.\d+(\.\d+)?")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_OPTION = re.compile(
    r"(?P<kind>--index-url|--extra-index-url|--find-links|-i|-f)(?:\s+|\s*=\s*|(?<=\s-[if]))(?P<value>\S.*)"
)
_INCLUDE = re.compile(r"(?:-r|--requirement)(?:\s+|\s*=\s*)(?P<file>\S+)")
_LONG = {"-i": "--index-url", "-f": "--find-links"}
# As pip has it.
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


@dataclass(frozen=True)
class Option:
    """A line that says where packages come from; the lock has it too."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"

    def expanded(self, environment: Mapping[str, str], file: str) -> str:
        """The value with the variables that pip would put into it."""
        for name in _VARIABLE.findall(self.value):
            if not environment.get(name):
                raise ToolError(
                    f"`{self}` wants the variable {name}, which is not set",
                    file=file,
                    remedy=f"set it: export {name}=...",
                )
        return _VARIABLE.sub(lambda match: environment[match[1]], self.value)


@dataclass(frozen=True)
class Target:
    """What one file of a lock is for: every Python from one on, or a single one on both architectures."""

    python: str
    single: bool = False

    @property
    def minor(self) -> str:
        """The version without its patch level."""
        return ".".join(self.python.split(".")[:2])

    @property
    def suffix(self) -> str:
        """What the name of the file has before its extension."""
        return f"_py{self.minor.replace('.', '')}" if self.single else ""

    def platform(self, machine: str) -> str:
        """The platform in uv's words."""
        glibc = _GLIBC.get(self.minor)
        return f"{machine}-manylinux_{glibc}" if glibc else f"{machine}-unknown-linux-gnu"

    def __str__(self) -> str:
        return f"Python {self.python}" if self.single else f"every Python from {self.python} on"


@dataclass(frozen=True)
class Source:
    """A source, taken apart; `requirements` is the text without the options."""

    name: str
    file: str
    requirements: str
    options: tuple[Option, ...]
    targets: tuple[Target, ...]
    sdists: tuple[str, ...]

    @property
    def locks(self) -> dict[str, Target]:
        """What is to be written: the names of the files and what each is for."""
        return {f"{self.name}{target.suffix}.txt": target for target in self.targets}


def read(folder: Path, name: str, file: str) -> Source:
    """Reads FOLDER/NAME.in.

    Args:
        folder: where it is.
        name: the lock's name.
        file: the path for messages.

    Raises:
        ToolError: with everything that is wrong in it.
    """
    text = (folder / f"{name}.in").read_text(encoding="utf-8")
    options: list[Option] = []
    requirements: list[str] = []
    problems: list[ToolError] = []
    for line in text.splitlines():
        option = _option(line)
        if option is None:
            requirements.append(line)
            continue
        problem = _problem(option, folder)
        if problem:
            problems.append(ToolError(f"`{option.kind}`: {problem[0]}", file=file, remedy=problem[1]))
        elif option not in options:
            options.append(option)
    settings = _settings(text)
    problems += [ToolError(problem, file=file, remedy=remedy) for problem, remedy in _wrong(settings)]
    problems += [
        ToolError(
            f"{included} has `{option.kind}`, which would not reach the lock",
            file=file,
            remedy=f"write that line into {file} itself",
        )
        for included, option in _included(folder, text, frozenset())
    ]
    raise_all(problems)
    return Source(
        name=name,
        file=file,
        requirements="\n".join(requirements) + "\n",
        options=tuple(options),
        targets=_targets(settings),
        sdists=tuple(settings["sdist"]),
    )


def _option(line: str) -> Option | None:
    bare = re.sub(r"(^|\s)#.*$", "", line).strip()
    match = _OPTION.fullmatch(bare)
    return Option(_LONG.get(match["kind"], match["kind"]), match["value"].strip()) if match else None


def _problem(option: Option, folder: Path) -> tuple[str, str] | None:
    """What is wrong with an option and the way out; the value is not shown where it may hold a secret."""
    user = re.match(r"[a-z+]+://([^/@]*)@", option.value)
    if user:
        name, colon, password = user[1].partition(":")
        if not _VARIABLE.fullmatch(password if colon else name):
            return (
                "a name or a password in a URL doesn't belong into a file that is shared",
                "put it into ~/.netrc or pip's own configuration, or write ${VARIABLE} in its place",
            )
    if re.search(r"\s", option.value):
        return (
            "has white space in it, or more than one place",
            "write a line for each, and names without spaces",
        )
    if re.match(r"https?://|\$\{", option.value):
        return None
    if option.kind != "--find-links":
        return f"{option.value} is no http or https address", "write the address of the index"
    if "://" in option.value or option.value.startswith(("/", "~", "file:")):
        return (
            f"{option.value} is a path of this machine",
            "name a folder of the workspace, relative to the lock; or set find-links in pip's configuration",
        )
    if ".." in Path(os.path.relpath(folder / option.value, _workspace(folder))).parts[:1]:
        return f"{option.value} is outside of the workspace", "name a folder of the workspace"
    return None


def _workspace(folder: Path) -> Path:
    """The folder with MODULE.bazel above the locks; their own where there is none."""
    return next((above for above in folder.parents if (above / "MODULE.bazel").exists()), folder)


def _settings(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"python": [], "pythons": [], "sdist": []}
    for line in text.splitlines():
        match = _SETTING.match(line)
        if match:
            found[match["key"]] += match["value"].replace(",", " ").split()
    return found


def _wrong(settings: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """What is wrong with the settings, and the ways out."""
    if settings["python"] and settings["pythons"]:
        yield "has `# python:` and `# pythons:`", "keep one: the first makes one lock, the second several"
    if len(settings["python"]) > 1:
        yield f"`# python:` has {len(settings['python'])} versions", "for several write `# pythons:`"
    versions = settings["python"] + settings["pythons"]
    for version in versions:
        if not _PYTHON.fullmatch(version):
            yield f"{version} is no version of Python", "write 3.11, or 3.11.2"
    minors = [".".join(version.split(".")[:2]) for version in settings["pythons"]]
    for minor in sorted({minor for minor in minors if minors.count(minor) > 1}):
        yield f"`# pythons:` has {minor} twice", "keep one"
    for name in settings["sdist"]:
        if not _NAME.fullmatch(name):
            yield f"`# sdist:` has {name}, which is no name", "write names of distributions, without versions"


def _targets(settings: Mapping[str, list[str]]) -> tuple[Target, ...]:
    if settings["pythons"]:
        return tuple(Target(_PATCH_LEVELS.get(each, each), single=True) for each in settings["pythons"])
    return (Target(settings["python"][0] if settings["python"] else OLDEST_PYTHON),)


def _included(folder: Path, text: str, seen: frozenset[Path]) -> Iterator[tuple[str, Option]]:
    """The options in files that `-r` names."""
    for line in text.splitlines():
        match = _INCLUDE.match(line.strip())
        path = folder / match["file"] if match else folder
        if path in seen or not path.is_file():
            continue
        inner = path.read_text(encoding="utf-8")
        for each in inner.splitlines():
            if option := _option(each):
                yield path.name, option
        yield from _included(path.parent, inner, seen | {path})
