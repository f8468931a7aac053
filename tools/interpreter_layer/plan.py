"""From an interpreter's files to the entries of a layer."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.interpreter_layer.policy import Part, Policy
from tools.interpreter_layer.tree import Tree
from tools.layer.tar import Entry, Kind

# Folders of /usr/local that Debian's base has, with owners and modes of its own.
_DEBIAN = frozenset(f"usr/local/{name}" for name in ("bin", "etc", "include", "lib", "sbin", "share", "src"))


@dataclass(frozen=True)
class Item:
    """An entry, and of a file the path below the interpreter's root; its size is known when it is read."""

    entry: Entry
    source: str = ""


def plan(tree: Tree, policy: Policy, part: Part) -> list[Item]:
    """Everything that the layer of a part will have, sorted by path."""
    if policy.licence not in tree.files:
        raise ToolError(f"no licence: {policy.licence} is missing", file=tree.root)
    parts = {path: policy.part(path) for path in tree.files}
    parts |= dict.fromkeys(_needed_libraries(tree, parts), Part.RUNTIME)
    links = {link.path: link for link in policy.links if _target(link.path, link.to) in tree.files}
    items = [
        Item(Entry(f"{policy.prefix}/{link.path}", Kind.SYMLINK, 0o777, link=link.to))
        for link in links.values()
        if link.part is part
    ]
    for path, where in parts.items():
        if where is part and path not in links:
            mode = 0o755 if path.startswith("bin/") else 0o644
            items.append(Item(Entry(f"{policy.prefix}/{path}", Kind.FILE, mode), path))
    items += _folders([item.entry.path for item in items])
    return sorted(items, key=lambda item: item.entry.path)


def _target(path: str, to: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), to))


def _folders(paths: list[str]) -> list[Item]:
    """The folders on the way to the paths, but for those that Debian's base has."""
    folders = {folder for path in paths for folder in _parents(path)}
    return [Item(Entry(folder, Kind.DIR, 0o755)) for folder in folders - _DEBIAN - {"usr", "usr/local"}]


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _needed_libraries(tree: Tree, parts: dict[str, Part]) -> set[str]:
    """Libraries beside the interpreter that files in `runtime` are linked with, whatever their rules say."""
    libraries = {posixpath.basename(path): path for path in parts if posixpath.dirname(path) == "lib"}
    found: set[str] = set()
    waiting = [path for path, part in parts.items() if part is Part.RUNTIME and _may_be_elf(path)]
    while waiting:
        facts = tree.facts(waiting.pop())
        needed = {posixpath.basename(name) for name in facts.needed} if facts else set()
        new = {libraries[name] for name in needed & libraries.keys()} - found
        found |= new
        waiting += new
    return found


def _may_be_elf(path: str) -> bool:
    return path.startswith("bin/") or ".so" in posixpath.basename(path)
