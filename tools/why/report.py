"""What people read: all of a closure at a glance, and why something is in the image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tools.lib_closure import closure as c
from tools.why.chains import MOST, chains, fold, folded_line, head, line
from tools.why.index import DISTRIBUTION, FILE, PACKAGE, Index, Match, of_data, shown
from tools.why.table import columns, count, megabytes

MEANINGS = {
    c.WHEEL: "in the same wheel",
    c.SIBLING: "in another wheel, where the loader finds it",
    c.BASE: "in the image below",
    c.APT: "in a Debian package on top of it",
    c.NVIDIA: "in a wheel of NVIDIA's that the package loads first",
    c.DRIVER: "mounted with NVIDIA's driver, never installed",
    c.PRELOAD: "loaded by the package before it is needed",
    c.PLUGIN: "not there, and only a plugin needs it",
    c.UNRESOLVED: "nothing has it",
}


def overview(index: Index, name: str, sizes: Mapping[str, int]) -> Iterator[str]:
    """All at a glance.

    Args:
        index: the closure.
        name: the image.
        sizes: of packages to download, in bytes; those that aren't known aren't shown.
    """
    closure = index.closure
    yield f"{name}, {closure.arch}, Debian {closure.suite}"
    yield ""
    yield from _packages(index, sizes)
    yield ""
    rows = [("status", "needs", "libraries", "meaning")]
    for status, meaning in MEANINGS.items():
        edges = [edge for edge in closure.edges if edge.status == status]
        if edges:
            rows.append((status, str(len(edges)), str(len(sonames(edges))), meaning))
    yield from columns(rows, right=(1, 2)) if len(rows) > 1 else ["No file needs a library."]
    if closure.superfluous:
        yield ""
        yield f"In the image, and nothing needs them: {', '.join(closure.superfluous)}"
    if closure.broken:
        yield ""
        broken = [f"{shown(path)} ({why})" for path, why in closure.broken.items()]
        yield f"Broken, so that nothing can load them: {_some(broken)}"
    if closure.foreign:
        yield ""
        yield f"For another machine: {_some(list(map(shown, closure.foreign)))}"
    if closure.duplicates:
        wasted = sum(each.wasted for each in closure.duplicates)
        number = len(closure.duplicates)
        yield ""
        yield (
            f"{count(number, 'library is', 'libraries are')} there more than once, {megabytes(wasted)} too "
            "many; --duplicates lists them."
        )
    if closure.problems:
        yield ""
        yield from problems(closure)


def sonames(edges: Iterable[c.Edge]) -> set[str]:
    """The libraries that are needed."""
    return {edge.needs for edge in edges if not of_data(edge)}


def problems(closure: c.Closure) -> Iterator[str]:
    """What is wrong, and what to do about it."""
    yield f"{count(len(closure.problems), 'problem')}:"
    for problem in closure.problems:
        yield f"  {problem.text}"
        yield f"    {problem.remedy}"


def duplicates(closure: c.Closure) -> Iterator[str]:
    """The libraries that are there more than once, with all copies and their owners."""
    if not closure.duplicates:
        yield "No library is there more than once."
        return
    for each in closure.duplicates:
        yield f"{each.soname}: {len(each.copies)} copies, {megabytes(each.wasted)} too many"
        rows = [(megabytes(copy.size), copy.owner, shown(copy.path)) for copy in each.copies]
        yield from columns(rows, right=(0,), indent="  ")
    wasted = sum(each.wasted for each in closure.duplicates)
    number = count(len(closure.duplicates), "library", "libraries")
    yield f"{number}, {megabytes(wasted)} ({wasted} bytes) too many"


def answer(index: Index, match: Match, *, everything: bool = False) -> Iterator[str]:
    """Why something is in the image; of a distribution or a file also what it needs.

    Args:
        index: the closure.
        match: what is asked for.
        everything: whether each chain is a line.
    """
    edges = index.edges_to(match)
    if everything:
        lines = [line(index, chain) for chain in chains(index, edges)]
    else:
        lines = [folded_line(index, folded) for folded in fold(index, edges)]
    yield from dict.fromkeys(lines)
    if len(lines) >= MOST:
        yield f"... and more; these are the {MOST} shortest"
    for why in sorted({f"{edge.needs}: {edge.why}" for edge in edges if edge.why}):
        yield f"  {why}"
    if match.kind in (DISTRIBUTION, FILE):
        yield from _needs(index, match, everything)
    elif match.kind == PACKAGE and not edges:
        yield f"{match.name}: in the image, and nothing needs it"


def _packages(index: Index, sizes: Mapping[str, int]) -> Iterator[str]:
    packages = index.closure.packages
    if not packages:
        yield "The environment needs no packages on top of the base."
        return
    rows = [("package", "version", "needed by", "libraries", "size")]
    for name, package in packages.items():
        version = index.version(name) or ("" if package.installed else "not in the image yet")
        size = megabytes(sizes[name]) if name in sizes else ""
        rows.append((name, version, _some(package.by), _some(package.sonames) or "its data", size))
    number = len(rows[0]) if sizes.keys() & packages.keys() else len(rows[0]) - 1
    yield from columns([row[:number] for row in rows], right=(4,))
    known = [sizes[name] for name in packages if name in sizes]
    total = f", {megabytes(sum(known))} to download" if len(known) == len(packages) else ""
    yield f"{count(len(packages), 'package')} on top of the base{total}"


def _needs(index: Index, match: Match, everything: bool) -> Iterator[str]:
    """A table of what something needs."""
    edges = index.edges_of(match)
    what = shown(match.name)
    if match.kind == DISTRIBUTION:
        what = f"{match.name} {index.version(match.name)}".rstrip()
    if not edges:
        yield f"{what} needs no libraries{' of others' if match.kind == DISTRIBUTION else ''}"
        return
    yield f"{what} needs"
    groups: dict[tuple[int, str, str], list[c.Edge]] = {}
    order = list(MEANINGS)
    for edge in edges:
        groups.setdefault((order.index(edge.status), edge.needs, head(index, edge)), []).append(edge)
    rows = [("status", "library", "from", "needed by")]
    for (_, soname, origin), several in sorted(groups.items()):
        where = "" if several[0].status in (c.UNRESOLVED, c.PLUGIN) else origin
        files = sorted({shown(edge.file) for edge in several})
        by = files if everything else [_more(files)]
        rows += [(several[0].status, soname, where, file) for file in by]
    yield from columns(rows, indent="  ")


def _more(files: list[str]) -> str:
    return files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def _some(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
