"""Files that many packages write to, made from the State as the tool that owns each would write it."""

from collections.abc import Iterator

from tools.apt_layer import debconf
from tools.apt_layer.links import Places, exists
from tools.apt_layer.state import Alternative, State

DPKG = "var/lib/dpkg"
STATOVERRIDE = f"{DPKG}/statoverride"
TRIGGERS = f"{DPKG}/triggers"
EXTENDED = "var/lib/apt/extended_states"
DEBCONF = "var/cache/debconf"
_SHADOW = 42


def shared_files(state: State) -> Iterator[tuple[str, bytes, int, int]]:
    """Path, content, mode and group of every shared file."""
    yield f"{DPKG}/status", status(state).encode(), 0o644, 0
    yield f"{DPKG}/arch", f"{state.arch}\n".encode(), 0o644, 0
    yield f"{DPKG}/info/format", b"1\n", 0o644, 0
    yield f"{DPKG}/diversions", _diversions(state), 0o644, 0
    if state.statoverrides:
        yield STATOVERRIDE, _statoverrides(state), 0o644, 0
    for name, text in triggers(state).items():
        yield f"{TRIGGERS}/{name}", text.encode(), 0o644, 0
    for name, group in state.alternatives.items():
        yield f"{DPKG}/alternatives/{name}", alternative(group).encode(), 0o644, 0
    yield EXTENDED, extended_states(state).encode(), 0o644, 0
    if state.questions:
        yield f"{DEBCONF}/config.dat", debconf.config_dat(state.questions), 0o644, 0
        yield f"{DEBCONF}/passwords.dat", b"", 0o600, 0
        yield f"{DEBCONF}/templates.dat", debconf.templates_dat(state.templates), 0o644, 0
    if state.accounts:
        yield from _accounts(state)
    if state.shells:
        yield from _shells(state)


def shared_links(state: State, places: Places) -> Iterator[tuple[str, str]]:
    """The links of each alternative, by its public name and in /etc/alternatives; none to files left out."""
    for name, group in state.alternatives.items():
        path = group.best()
        for link_name, link, target in [(name, group.link, path), *_slaves(group, path)]:
            if exists(state, places.of(target)):
                yield places.of(link), f"/etc/alternatives/{link_name}"
                yield f"etc/alternatives/{link_name}", target


def status(state: State) -> str:
    """dpkg's status file, in its order: by name, then by architecture."""
    names = sorted(state.packages, key=lambda name: name.partition(":"))
    return "".join(state.packages[name].status + "\n" for name in names)


def extended_states(state: State) -> str:
    """What apt would remove again when nothing needs it; in the order in which apt writes it."""
    names = [name for name, package in sorted(state.packages.items()) if package.auto]
    stanzas = (
        f"Package: {name}\nArchitecture: {_apt_arch(state, name)}\nAuto-Installed: 1\n\n" for name in names
    )
    return state.kept.get(EXTENDED, "") + "".join(stanzas)


def triggers(state: State) -> dict[str, str]:
    """dpkg's index of who is interested in which trigger: one file for paths, one for each name."""
    found: dict[str, list[str]] = {"File": [], "Unincorp": []}
    for name, package in sorted(state.packages.items()):
        for line in package.triggers:
            kind, trigger = line.split(None, 1)
            if not kind.startswith("interest"):
                continue
            who = package.qualified(name) + ("/noawait" if kind == "interest-noawait" else "")
            if trigger.startswith("/"):
                found["File"].append(f"{trigger} {who}")
            else:
                found.setdefault(trigger, []).append(who)
    texts = {
        path.removeprefix(f"{TRIGGERS}/"): text
        for path, text in state.kept.items()
        if path.startswith(TRIGGERS)
    }
    for name, lines in found.items():
        texts[name] = texts.get(name, "") + "".join(f"{line}\n" for line in lines)
    return {name: text for name, text in texts.items() if text or name == "Unincorp"}


def alternative(group: Alternative) -> str:
    """A group in update-alternatives' own format: mode, links, then the choices with their slaves."""
    lines = ["manual" if group.manual else "auto", group.link]
    for name, link in sorted(group.slaves.items()):
        lines += [name, link]
    lines.append("")
    for path, choice in sorted(group.choices.items()):
        lines += [path, str(choice["priority"])]
        lines += [choice["slaves"].get(name, "") for name in sorted(group.slaves)]
    return "\n".join([*lines, "", ""])


def _slaves(group: Alternative, path: str) -> list[tuple[str, str, str]]:
    paths = group.choices[path]["slaves"]
    return [(name, link, paths[name]) for name, link in sorted(group.slaves.items()) if name in paths]


def _apt_arch(state: State, name: str) -> str:
    arch = state.packages[name].architecture
    return state.arch if arch == "all" else arch


def _diversions(state: State) -> bytes:
    rows = (f"{path}\n{to}\n{by}\n" for path, (to, by) in sorted(state.diversions.items()))
    return "".join(rows).encode()


def _statoverrides(state: State) -> bytes:
    rows = (
        f"{user} {group} {mode} {path}\n" for path, (user, group, mode) in sorted(state.statoverrides.items())
    )
    return "".join(rows).encode()


def _accounts(state: State) -> Iterator[tuple[str, bytes, int, int]]:
    """Users and groups, their passwords (all of them locked) in the shadow files where there are such."""
    for name, shadow, rest in (("passwd", "shadow", ":*::0:99999:7:::\n"), ("group", "gshadow", ":*::\n")):
        rows = [row.split(":") for row in state.accounts[name]]
        password = ["x"] if state.shadow else ["*"]
        text = "".join(":".join([row[0], *password, *row[2:]]) + "\n" for row in rows)
        yield f"etc/{name}", (state.kept.get(f"etc/{name}", "") + text).encode(), 0o644, 0
        if state.shadow:
            text = state.kept.get(f"etc/{shadow}", "") + "".join(row[0] + rest for row in rows)
            yield f"etc/{shadow}", text.encode(), 0o640, _SHADOW


def _shells(state: State) -> Iterator[tuple[str, bytes, int, int]]:
    first = {name: number for number, name in enumerate(["debianutils"])}
    names = sorted(state.shells, key=lambda name: (first.get(name, 1), name))
    merged = "bin" in state.files or "bin" in state.links
    shells = [
        each
        for name in names
        for shell in state.shells[name]
        for each in ([shell, f"/usr{shell}"] if merged and shell.startswith("/bin/") else [shell])
    ]
    body = "".join(f"{shell}\n" for shell in shells)
    head = state.kept.get("etc/shells", "# /etc/shells: valid login shells\n")
    yield "etc/shells", f"{head}{body}".encode(), 0o644, 0
    body = state.kept.get("var/lib/shells.state", "") + body
    if "var/lib/shells.state" in state.kept or any(
        "shells.d" in line for package in state.packages.values() for line in package.triggers
    ):
        yield "var/lib/shells.state", body.encode(), 0o644, 0  # of update-shells, new in Debian 12
