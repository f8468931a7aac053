"""Whether an image has the packages that its environment needs, and needs those that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError, raise_all
from tools.lib_closure import closure as c
from tools.lib_closure.pkgdeps import PkgDeps, difference, needed, read_pkgdeps

_MOST = 20


@dataclass(frozen=True)
class Check:
    """How to check.

    Attributes:
        name: the image, for messages.
        kind: `elf` when the image has what files need and no more, `apt` when it has what apt adds.
        update: the command that writes NAME.pkgdeps.json and NAME.apt.json.
        duplicates: whether libraries may not be in the image twice.
    """

    name: str
    kind: str
    update: str
    duplicates: bool = False


def check(closure: c.Closure, pkgdeps: Path | None, how: Check) -> None:
    """Compares what is needed with what was committed, and with what is there.

    Raises:
        ToolError: they differ, or something is needed that nothing has.
    """
    where = f"{how.name} ({closure.arch})"
    errors = list(_problems(where, closure.problems))
    old = read_pkgdeps(pkgdeps, f"Write it anew: {how.update}") if pkgdeps else PkgDeps()
    lines = list(difference(old.packages.get(closure.arch, {}), needed(closure)))
    if lines:
        which = f"{pkgdeps} is not the list of" if pkgdeps else "there is no list of"
        problem = f"{where}: {which} the packages that the environment needs:\n    " + "\n    ".join(
            _some(lines)
        )
        errors.append(ToolError(problem, remedy=f"Update it and the lock of the packages: {how.update}"))
    elif lacking := [name for name, package in closure.packages.items() if not package.installed]:
        problem = f"{where}: the image lacks {', '.join(lacking)}, which {pkgdeps} lists"
        errors.append(ToolError(problem, remedy=f"Lock them and give the image the lock: {how.update}"))
    elif how.kind == "elf" and closure.superfluous:
        problem = f"{where}: nothing in the environment needs {', '.join(closure.superfluous)}"
        errors.append(ToolError(problem, remedy=f"Update the lock of the packages: {how.update}"))
    if how.duplicates:
        errors += [
            ToolError(
                f"{where}: {each.soname} is there {len(each.copies)} times, {each.wasted} bytes too many: "
                + ", ".join(copy.path for copy in each.copies),
                remedy='Leave one of the distributions out, or duplicate_libraries = "error" away.',
            )
            for each in closure.duplicates
        ]
    raise_all(errors)


def _problems(where: str, problems: Sequence[c.Problem]) -> Iterator[ToolError]:
    """An error for each remedy: a wheel may have dozens of files that lack the same thing."""
    texts: dict[str, list[str]] = {}
    for problem in problems:
        texts.setdefault(problem.remedy, []).append(problem.text)
    for remedy, lines in texts.items():
        text = lines[0] if len(lines) == 1 else "\n    " + "\n    ".join(_some(lines))
        yield ToolError(f"{where}: {text}".replace(": \n", ":\n"), remedy=remedy)


def _some(lines: list[str]) -> list[str]:
    more = [f"... and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return lines[:_MOST] + more
