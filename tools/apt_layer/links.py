"""Where paths and links of a root lead, as far as its State tells."""

import posixpath
from collections.abc import Iterator, Mapping, Set

from tools.apt_layer.relocate import real
from tools.apt_layer.state import State
from tools.apt_layer.tree import Tree
from tools.common.errors import ToolError
from tools.layer.tar import Kind


class Places:
    """Where absolute paths are in a layer, in which some folders are links to others."""

    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = links

    def of(self, path: str) -> str:
        """The place of one path."""
        return real(posixpath.normpath(path).lstrip("/"), self._links)


def exists(state: State, place: str) -> bool:
    """Whether there is a file, a link or a directory."""
    return place in state.files or place in state.dirs


def bad_choices(state: State, known: Set[tuple[str, str]], places: Places) -> Iterator[ToolError]:
    """New choices of alternatives that are not there; update-alternatives refuses them, too."""
    for name, group in state.alternatives.items():
        for path in group.choices:
            if (name, path) not in known and not exists(state, places.of(path)):
                yield ToolError(f"the alternative {name} has the choice {path}, which is not in the image")


def bad_links(state: State, tree: Tree, places: Places) -> Iterator[ToolError]:
    """Generated links that lead nowhere."""
    for path, made in tree.made.items():
        # Links of alternatives are not in the state; they are only made to what exists.
        if made.entry.kind is Kind.SYMLINK and path in state.files:
            target = posixpath.join("/", posixpath.dirname(path), made.entry.link)
            if not exists(state, places.of(target)):
                yield ToolError(
                    f"{made.maker} makes the link /{path} to {made.entry.link}, which is not in the image"
                )
