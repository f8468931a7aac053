"""Applies //apt/policy:scripts.json: what maintainer scripts would do, as data.

Each effect is a JSON object whose first key says what it does; `HANDLERS` lists them. `nothing` is for a
package whose scripts do nothing that matters: one that is not known at all has its scripts read (scripts.py).
Effects that concern one file write it; effects on shared files (users, alternatives, ...) go to the State,
and shared.py writes those files from it. `{arch}` in an effect is Debian's name of the image's architecture,
`{triplet}` that of compilers.
"""

import enum
import json
import posixpath
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.apt_layer import certificates, debconf
from tools.apt_layer.content import read_below, read_file
from tools.apt_layer.state import Alternative, Facts, State
from tools.apt_layer.tree import Tree
from tools.common.errors import ToolError

Effect = Mapping[str, Any]


class Phase(enum.IntEnum):
    """The order in which effects apply, whatever the order of their packages."""

    PLACES = enum.auto()  # before it is clear where files are
    ACCOUNTS = enum.auto()  # before users are added to them
    OTHERS = enum.auto()


TRIPLETS = {
    "amd64": "x86_64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "armel": "arm-linux-gnueabi",
    "armhf": "arm-linux-gnueabihf",
    "i386": "i386-linux-gnu",
    "loong64": "loongarch64-linux-gnu",
    "mips64el": "mips64el-linux-gnuabi64",
    "ppc64el": "powerpc64le-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
    "s390x": "s390x-linux-gnu",
}


class Context:
    """What a handler works on: the package, the state to change and the tree to write to."""

    def __init__(self, facts: Facts, state: State, tree: Tree, components: tuple[str, ...]) -> None:
        self.facts, self.state, self.tree, self.components = facts, state, tree, components
        self.maker = f"the policy of {facts.package}"

    def file(self, effect: Effect, path: str, data: bytes) -> None:
        """Writes a file with the mode and owner that the effect gives it."""
        mode = int(effect.get("mode", "0644"), 8)
        self.tree.file(path, data, self.maker, mode=mode, uid=effect.get("uid", 0), gid=effect.get("gid", 0))


def read_policy(files: Iterable[Path]) -> dict[str, list[Effect]]:
    """The effects by package, where a later file knows a package better than those before.

    Unknown kinds and effects without a reason are refused before any work.
    """
    packages: dict[str, list[Effect]] = {}
    for path in files:
        try:
            packages |= {
                package: _checked(package, effects, path)
                for package, effects in json.loads(path.read_text(encoding="utf-8"))["packages"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
            raise ToolError(f"is not a policy: {error!r}", file=path) from error
    return packages


def _checked(package: str, effects: list[Effect], path: Path) -> list[Effect]:
    if not effects:
        raise ToolError(
            f"{package} has no effects and no reason for that",
            file=path,
            remedy='Say what its scripts do, and why that may be left out: {"nothing": "...", "why": "..."}',
        )
    for effect in effects:
        if next(iter(effect)) not in HANDLERS:
            raise ToolError(f"{package} has the unknown effect {next(iter(effect))!r}", file=path)
        if not effect.get("why"):
            raise ToolError(f"{package} has an effect without a reason: {effect}", file=path)
    return effects


def phase(effect: Effect) -> Phase:
    """When an effect applies."""
    return _PHASES.get(next(iter(effect)), Phase.OTHERS)


def apply(effect: Effect, context: Context) -> None:
    """Applies one effect, unless it is for other suites or architectures."""
    suite, arch = context.state.suite, context.state.arch
    if suite in effect.get("suites", [suite]) and arch in effect.get("archs", [arch]):
        HANDLERS[next(iter(effect))](_expand(effect, arch), context)


def _expand(value: Any, arch: str) -> Any:
    if isinstance(value, dict):
        return {_expand(key, arch): _expand(each, arch) for key, each in value.items()}
    if isinstance(value, list):
        return [_expand(each, arch) for each in value]
    if isinstance(value, str):
        return value.replace("{arch}", arch).replace("{triplet}", TRIPLETS[arch])
    return value


def _file(effect: Effect, context: Context) -> None:
    context.file(effect, effect["file"], _lines(effect.get("lines", [])))


def _copy(effect: Effect, context: Context) -> None:
    """Copies a file of the package; `replace` puts lines in the place of a line."""
    data = read_file(context.facts, effect["copy"])
    if "replace" in effect:
        lines: list[str] = []
        for line in data.decode().splitlines():
            lines += effect["replace"].get(line, [line])
        data = _lines(lines)
    context.file(effect, effect["to"], data)


def _dir(effect: Effect, context: Context) -> None:
    context.tree.dir(
        effect["dir"], int(effect.get("mode", "0755"), 8), effect.get("uid", 0), effect.get("gid", 0)
    )


def _link(effect: Effect, context: Context) -> None:
    context.tree.link(effect["link"], effect["target"], context.maker)


def _unit(effect: Effect, context: Context) -> None:
    """Enables a systemd unit as deb-systemd-helper does."""
    unit, wants = effect["unit"], f"{effect['wanted_by']}.wants"
    link, helper = f"etc/systemd/system/{wants}/{unit}", "var/lib/systemd/deb-systemd-helper-enabled"
    context.tree.link(link, f"/lib/systemd/system/{unit}", context.maker)
    context.tree.file(f"{helper}/{unit}.dsh-also", _lines([f"/{link}"]), context.maker)
    context.tree.file(f"{helper}/{wants}/{unit}", b"", context.maker)


def _native_arch(effect: Effect, context: Context) -> None:
    context.file(effect, effect["native_arch"], _lines([context.state.arch]))


def _accounts(effect: Effect, context: Context) -> None:
    """Users and groups from base-passwd's masters, all of them locked."""
    for name in ("passwd", "group"):
        text = read_file(context.facts, f"{effect['accounts']}/{name}.master").decode()
        there = {row[0] for row in context.state.rows(f"etc/{name}")}
        lines = [line for line in text.splitlines() if line and line.split(":")[0] not in there]
        context.state.accounts[name] = lines


def _shadow(effect: Effect, context: Context) -> None:
    context.state.shadow = bool(effect["shadow"])


def _user(effect: Effect, context: Context) -> None:
    """A system user without a password; one that a pulled base has stays as it is."""
    there = context.state.rows("etc/passwd")
    if any(row[0] == effect["user"] for row in there):
        return
    for row in there:
        if row[2:3] == [str(effect["uid"])]:
            raise ToolError(
                f"{context.maker} adds the user {effect['user']} with the uid {row[2]}, "
                f"which is {row[0]}'s in the base"
            )
    if "passwd" not in context.state.accounts:
        raise ToolError(
            f"{context.maker} adds the user {effect['user']}, and no package brings the first users"
        )
    added = (effect["user"], "*", effect["uid"], effect["gid"], "", effect["home"], effect["shell"])
    context.state.accounts["passwd"].append(":".join(map(str, added)))


def _shells(effect: Effect, context: Context) -> None:
    context.state.shells[context.facts.package] = list(effect["shells"])


def _diversion(effect: Effect, context: Context) -> None:
    context.state.diversions[effect["diversion"]] = (effect["to"], context.facts.package)


def _keep_on_merge(effect: Effect, context: Context) -> None:
    """Diverts the package's own files from where they were before /usr was merged."""
    for path in context.facts.files:
        folder, name = posixpath.split(path)
        if folder == f"usr/{effect['keep_on_merge']}":
            old = f"/{effect['keep_on_merge']}/{name}"
            context.state.diversions[old] = (f"{old}.usr-is-merged", context.facts.package)


def _statoverride(effect: Effect, context: Context) -> None:
    context.state.statoverrides[effect["statoverride"]] = (effect["user"], effect["group"], effect["mode"])


def _alternative(effect: Effect, context: Context) -> None:
    group = context.state.alternatives.setdefault(effect["alternative"], Alternative(effect["link"]))
    slaves = {slave["name"]: slave for slave in effect.get("slaves", [])}
    group.slaves.update({name: slave["link"] for name, slave in slaves.items()})
    paths = {name: slave["path"] for name, slave in slaves.items()}
    group.choices[effect["path"]] = {"priority": effect["priority"], "slaves": paths}


def _nothing(effect: Effect, context: Context) -> None:
    """For the record: what the scripts do is not done, and `why` says why."""


def _certificates(effect: Effect, context: Context) -> None:
    files = read_below(context.facts, effect["certificates"])
    names = ", ".join(certificates.install(files, context.tree, context.maker))
    if question := context.state.questions.get("ca-certificates/enable_crts"):
        question |= {"value": names, "variables": {"enable_crts": names}}


def _debconf(effect: Effect, context: Context) -> None:
    """What debconf notes when a package is configured and nobody is asked."""
    if context.state.pulled:
        return  # debconf adds to the base's own database when a script first asks
    name = context.facts.as_installed().qualified(context.facts.package)
    text = read_file(context.facts, f"var/lib/dpkg/info/{name}.templates").decode()
    debconf.register(context.state, debconf.templates(text), effect["debconf"], effect.get("asked", {}))


def _sources_from(effect: Effect, context: Context) -> None:
    """apt's sources: its own example without the comments, with the components that were locked."""
    lines: list[str] = []
    for line in context.facts.extracts.get(effect["sources_from"], "").splitlines():
        words = line.split()
        kept = [word for word in words if word in context.components]
        if words[:1] == ["deb"] and kept:
            lines.append(" ".join([*words[:3], *kept]))
        elif words[:1] == ["Components:"]:
            lines.append(" ".join([words[0], *kept]))
        elif effect["to"].endswith(".sources") and not line.startswith("#") and (words or lines):
            lines.append(line)
    if not lines:
        raise ToolError(
            f"{context.facts.package} {context.facts.version} has no sources in /{effect['sources_from']}"
        )
    context.file(effect, effect["to"], _lines(lines))


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


HANDLERS: Mapping[str, Callable[[Effect, Context], None]] = {
    "accounts": _accounts,
    "alternative": _alternative,
    "certificates": _certificates,
    "copy": _copy,
    "debconf": _debconf,
    "dir": _dir,
    "diversion": _diversion,
    "file": _file,
    "keep_on_merge": _keep_on_merge,
    "link": _link,
    "native_arch": _native_arch,
    "nothing": _nothing,
    "shadow": _shadow,
    "shells": _shells,
    "sources_from": _sources_from,
    "statoverride": _statoverride,
    "unit": _unit,
    "user": _user,
}

_PHASES = {
    "accounts": Phase.ACCOUNTS,
    "diversion": Phase.PLACES,
    "keep_on_merge": Phase.PLACES,
}
