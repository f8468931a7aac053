"""Where paths and links of a root lead, as far as its State tells."""

import posixpath
from collections.abc import Iterator

from tools.apt_layer.state import State
from tools.apt_layer.tree import Tree
from tools.common.errors import ToolError
from tools.layer.tar import Kind


def placed(state: State, path: str) -> str:
    """The place of an absolute path in a layer: below /usr when its top folder is a link there."""
    relative = posixpath.normpath(path).lstrip("/")
    return f"usr/{relative}" if "/" in relative and relative.split("/")[0] in state.files else relative


def exists(state: State, path: str) -> bool:
    """Whether an absolute path is a file, a link or a directory."""
    place = placed(state, path)
    return place in state.files or place in state.dirs


def dangling(state: State, tree: Tree) -> Iterator[ToolError]:
    """Choices of alternatives and generated links that lead nowhere: update-alternatives and ln would not."""
    for name, group in state.alternatives.items():
        for path in group.choices:
            if not exists(state, path):
                yield ToolError(f"the alternative {name} has the choice {path}, which is not in the image")
    for path, made in tree.made.items():
        if made.entry.kind is Kind.SYMLINK and path in state.files:  # shared links are not, and lead to choices
            target = posixpath.join("/", posixpath.dirname(path), made.entry.link)
            if not exists(state, target):
                yield ToolError(
                    f"{made.maker} makes the link /{path} to {made.entry.link}, which is not in the image"
                )
