"""Puts packages into a State and collects what their layer consists of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tools.apt_layer.depends import settle
from tools.apt_layer.effects import Context, Effect, Phase, apply, phase
from tools.apt_layer.links import Places, bad_choices, bad_links
from tools.apt_layer.overrides import Known, divert, override
from tools.apt_layer.scripts import Reader
from tools.apt_layer.shared import shared_files, shared_links
from tools.apt_layer.state import UNOWNED, Facts, State
from tools.apt_layer.tree import Made, Tree, parents
from tools.common.errors import ToolError, raise_all

GENERATED = "generated"


@dataclass(frozen=True)
class LockedSet:
    """What the packages are of: the name of their lock, and the closure of the set."""

    name: str
    closure: str


@dataclass
class Layer:
    """A layer in three pieces: directories, the packages' parts as they are, and the generated files."""

    dirs: dict[str, tuple[int, int, int]]
    parts: Sequence[Facts]
    tree: Tree = field(default_factory=Tree)


def add_packages(
    state: State,
    packages: Sequence[Facts],
    policy: Mapping[str, list[Effect]],
    components: tuple[str, ...],
    root_links: Mapping[str, str],
    lock: LockedSet,
) -> Layer:
    """Adds packages to `state`, which is changed, and returns the layer that does the same to a root."""
    places, tree = Places({**root_links, **state.links}), Tree()
    before = {path: data for path, data, _, _ in shared_files(state)} if state.packages else {}
    links_before = dict(shared_links(state, places))
    known = Known.of(state)
    if not state.packages:
        _add_root_links(packages, tree, root_links)
    effects = [
        (effect, Context(facts, state, tree, components))
        for facts in packages
        for effect in policy.get(facts.package, [])
    ]
    effects.sort(key=lambda each: phase(each[0]))
    for effect, context in effects:
        if phase(effect) is Phase.PLACES:
            apply(effect, context)
    packages = divert(state, packages, known, places)
    _add_files(state, packages)
    for facts in packages:
        state.packages[facts.package] = facts.as_installed()
    settle(state, packages, lock.closure, lock.name)
    for effect, context in effects:
        if phase(effect) is not Phase.PLACES:
            apply(effect, context)
    _apply_scripts(state, packages, policy, tree, places)
    packages = override(state, packages, known, tree, places)
    _note_generated(state, tree)
    noted = set(tree.made)
    for path, data, mode, gid in shared_files(state):
        if before.get(path) != data:
            tree.file(path, data, "the package database", mode=mode, gid=gid)
    for path, target in shared_links(state, places):
        if links_before.get(path) != target:
            tree.link(path, target, "update-alternatives")
    _check_shared(state, [made for path, made in tree.made.items() if path not in noted])
    layer = Layer(_dirs(state, packages, tree), packages, tree)
    raise_all([*bad_choices(state, known.choices, places), *bad_links(state, tree, places)])
    return layer


def _apply_scripts(
    state: State, packages: Sequence[Facts], policy: Mapping[str, list[Effect]], tree: Tree, places: Places
) -> None:
    """What packages do that no policy knows."""
    reader, problems = Reader(state, packages, tree, places), []
    for facts in packages:
        if facts.package in policy or not facts.scripts:
            continue
        try:
            for effect in reader.effects(facts):
                apply(effect, Context(facts, state, tree, ()))
        except ToolError as error:
            problems.append(error)
    raise_all(problems)


def _add_root_links(packages: Iterable[Facts], tree: Tree, root_links: Mapping[str, str]) -> None:
    """The links of merged /usr, unless base-files has them, as it does since Debian 13."""
    shipped = {path for facts in packages for path in facts.files}
    for path, target in root_links.items():
        if path not in shipped:
            tree.link(path, target, "merged /usr")
        tree.dirs.setdefault(target, (0o755, 0, 0))


def _add_files(state: State, packages: Iterable[Facts]) -> None:
    """Notes who owns what; two packages may share a directory and nothing else."""
    problems: list[ToolError] = []
    implied: set[str] = set()
    for facts in packages:
        if facts.package in state.packages and state.packages[facts.package].installed:
            problems.append(ToolError(f"{facts.package} is in the base already"))
            continue
        for path, attributes in facts.dirs.items():
            if owner := state.files.get(path):
                problems.append(ToolError(f"/{path} is a directory in {facts.package} and a file in {owner}"))
            state.dirs.setdefault(path, attributes)
        unnamed = _unnamed_parents(facts)
        implied |= unnamed
        for path in sorted(unnamed & state.files.keys()):
            problems.append(
                ToolError(
                    f"/{path} has files of {facts.package} below it and is a file in {state.files[path]}"
                )
            )
        for path in facts.files:
            owner = state.files.get(path)
            if owner and not _replaceable(state, path, facts.package):
                problems.append(
                    ToolError(f"/{path} is in both {owner} and {facts.package}, and neither diverts it")
                )
            elif path in state.dirs or path in implied:
                problems.append(
                    ToolError(f"/{path} is a file in {facts.package} and a directory in another package")
                )
            state.files[path] = facts.package
    raise_all(problems)


def _replaceable(state: State, path: str, package: str) -> bool:
    """As for dpkg: what no package owns, and what is left of the package's own earlier version."""
    return state.files[path] in (UNOWNED, package) and path not in state.links


def _unnamed_parents(facts: Facts) -> set[str]:
    """Directories that a package needs and does not bring. As another's link, one would be followed."""
    return {parent for path in facts.files for parent in parents(path)} - facts.dirs.keys()


def _check_shared(state: State, made: Iterable[Made]) -> None:
    """No package may bring a file that is written for all packages together."""
    raise_all(
        [
            ToolError(f"{each.maker} writes /{each.entry.path}, which {owner} brings as a file")
            for each in made
            if (owner := state.files.get(each.entry.path)) and owner not in (GENERATED, UNOWNED)
        ]
    )


def _note_generated(state: State, tree: Tree) -> None:
    for path, made in tree.made.items():
        owner = state.files.get(path)
        if owner and not _replaceable(state, path, ""):
            raise ToolError(f"{made.maker} makes /{path}, which {owner} has already")
        if any(other.startswith(path + "/") for other in [*state.files, *state.dirs]):
            raise ToolError(f"{made.maker} makes /{path}, which is a directory that is not empty")
        state.dirs.pop(path, None)
        state.files[path] = GENERATED


def _dirs(state: State, packages: Iterable[Facts], tree: Tree) -> dict[str, tuple[int, int, int]]:
    """Every directory of the layer once, each with the attributes of its first owner."""
    needed = {path for facts in packages for path in facts.dirs}
    needed |= set(tree.dirs) | {parent for path in [*tree.made, *tree.chosen] for parent in parents(path)}
    needed |= set(tree.chosen)
    state.dirs.update(tree.chosen)
    needed |= {parent for facts in packages for path in facts.files for parent in parents(path)}
    if packages:
        needed |= set(parents("var/lib/dpkg/info/x"))
    for path in sorted(needed):
        state.dirs.setdefault(path, (0o755, 0, 0))
    return {path: state.dirs[path] for path in needed if path not in tree.made and path not in state.links}
