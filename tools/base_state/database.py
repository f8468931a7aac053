"""Makes of an image's root the State that an apt layer continues from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from tools.apt_layer.relations import fields
from tools.apt_layer.relocate import real
from tools.apt_layer.shared import DPKG, EXTENDED, STATOVERRIDE, TRIGGERS
from tools.apt_layer.state import UNOWNED, Alternative, Installed, State
from tools.base_state.root import Root
from tools.common.errors import ToolError
from tools.layer.stack import Folder, Link

_STATUS = f"{DPKG}/status"
_KEPT = (
    *("etc/group", "etc/gshadow", "etc/passwd", "etc/shadow", "etc/shells"),
    *(EXTENDED, "var/lib/shells.state"),
)
_REMEDY = (
    "Packages can only be added where dpkg's database is: choose a base made from Debian or Ubuntu,\n"
    "or stack layers without packages on this one."
)


def read_root(root: Root, arch: str) -> State:
    """The state of the root of an image for `arch`."""
    _check(root)
    state = State(arch=arch, suite="", pulled=True, shadow=root.content("/etc/shadow") is not None)
    state.packages = dict(_packages(_text(root, _STATUS), arch))
    state.accounts = {"passwd": [], "group": []}
    state.kept = dict(_kept(root))
    state.diversions = _diversions(_text(root, f"{DPKG}/diversions"))
    state.statoverrides = _statoverrides(_text(root, STATOVERRIDE))
    for name in root.names(f"/{DPKG}/alternatives"):
        state.alternatives[name] = _alternative(root, name)
    _tree(root, state)
    return state


def _check(root: Root) -> None:
    """Whether dpkg of our time has left a database."""
    if not _text(root, _STATUS).strip():
        found = "an empty" if root.content(f"/{_STATUS}") is not None else "no"
        more = ""
        if root.names(f"/{_STATUS}.d"):
            more = f", only /{_STATUS}.d with notes for scanners, as distroless images have"
        raise ToolError(f"the image has {found} /{_STATUS}{more}", remedy=_REMEDY)
    form = _text(root, f"{DPKG}/info/format").strip()
    if form != "1":
        raise ToolError(
            f"the image has a package database of format {form or '0'}; "
            "this reads format 1, of dpkg 1.16 and later",
            remedy=_REMEDY,
        )


def _packages(status: str, arch: str) -> Iterator[tuple[str, Installed]]:
    """Every stanza as it stands, by name; packages of other architectures by name:architecture."""
    for text in status.strip("\n").split("\n\n"):
        stanza = text.strip("\n") + "\n"
        said = fields(stanza)
        name, own = said.get("Package"), said.get("Architecture", arch)
        if not name or "Status" not in said:
            raise ToolError(f"/{_STATUS} has a stanza without Package or Status: {stanza.splitlines()[0]!r}")
        key = name if own in (arch, "all") else f"{name}:{own}"
        installed = Installed(said.get("Version", ""), own, stanza, (), False)
        if key == "dpkg" and False in (installed.installed, own == arch):
            raise ToolError(f"dpkg itself is {said['Status']!r} in the image")
        if key == f"dpkg:{own}":
            raise ToolError(
                f"the image is for {own}, as its dpkg is, and not for {arch}",
                remedy="Name the image of the right platform.",
            )
        yield key, installed


def _kept(root: Root) -> Iterator[tuple[str, str]]:
    """The texts that stay in front of what is added, each with the end that an addition needs."""
    names = [name for name in root.names(f"/{TRIGGERS}") if name != "Lock"]
    for path in [*_KEPT, *(f"{TRIGGERS}/{name}" for name in names)]:
        if root.content(f"/{path}") is None:
            continue
        text = _text(root, path)
        if text and path == EXTENDED:
            text = text.rstrip("\n") + "\n\n"
        elif text and not text.endswith("\n"):
            text += "\n"
        yield path, text


def _diversions(text: str) -> dict[str, tuple[str, str]]:
    lines = text.splitlines()
    return {lines[at]: (lines[at + 1], lines[at + 2]) for at in range(0, len(lines) - 2, 3)}


def _statoverrides(text: str) -> dict[str, tuple[str, str, str]]:
    found = {}
    for line in text.splitlines():
        words = line.split(" ", 3)
        if len(words) != 4:
            raise ToolError(f"/{STATOVERRIDE} of the image is not what dpkg-statoverride writes: {line!r}")
        user, group, mode, path = words
        found[path] = (user, group, mode)
    return found


def _alternative(root: Root, name: str) -> Alternative:
    """Reads update-alternatives' own format: mode, links, an empty line, then choices with their slaves."""
    path = f"{DPKG}/alternatives/{name}"
    lines = iter(_text(root, path).split("\n"))
    try:
        mode, group = next(lines), Alternative(next(lines))
        while slave := next(lines):
            group.slaves[slave] = next(lines)
        while choice := next(lines):
            priority = int(next(lines))
            slaves = {slave: next(lines) for slave in group.slaves}
            group.choices[choice] = {
                "priority": priority,
                "slaves": {slave: target for slave, target in slaves.items() if target},
            }
    except (StopIteration, ValueError) as error:
        raise ToolError(f"/{path} of the image is not what update-alternatives writes: {error!r}") from error
    if mode == "manual":
        folder = root.node("/etc/alternatives")
        link = folder.entries.get(name) if isinstance(folder, Folder) else None
        group.manual = link.target if isinstance(link, Link) else ""
    return group


def _tree(root: Root, state: State) -> None:
    """Notes folders, links to folders, and who owns every other path."""
    paths = {id(node): path.lstrip("/") for path, node in root.walk() if isinstance(node, Folder)}
    others = []
    for path, node in root.walk():
        if isinstance(node, Folder):
            state.dirs[path.lstrip("/")] = (node.mode, node.uid, node.gid)
            continue
        others.append(path.lstrip("/"))
        if isinstance(node, Link) and isinstance(target := root.node(path), Folder):
            state.links[path.lstrip("/")] = paths[id(target)]
    state.dirs.pop("", None)
    owners = _owners(root, state)
    for path in others:
        if not path.startswith(f"{DPKG}/info/"):
            state.files[path] = owners.get(path, UNOWNED)


def _owners(root: Root, state: State) -> dict[str, str]:
    """Which package owns what, by the real paths."""
    owners: dict[str, str] = {}
    foreign = {key.partition(":")[0]: key for key in state.packages if ":" in key}
    for file in root.names(f"/{DPKG}/info"):
        if not file.endswith(".list"):
            continue
        name, _, arch = file.removesuffix(".list").partition(":")
        package = f"{name}:{arch}" if arch not in ("", state.arch) else name
        if package not in state.packages:
            package = foreign.get(name, package)
        for line in _text(root, f"{DPKG}/info/{file}").splitlines():
            owners[real(line.lstrip("/"), state.links)] = package
    return owners


def _text(root: Root, path: str) -> str:
    try:
        return (root.content(posixpath.join("/", path)) or b"").decode()
    except UnicodeDecodeError as error:
        raise ToolError(f"/{path} of the image is not UTF-8: {error}") from error
