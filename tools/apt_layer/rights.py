"""Checks //apt/policy:rights.json: no package gives rights away but where the policy says why.

Rights are a path's mode and owner, where they are more than everyday ones: setuid, setgid, sticky, writable
for everybody, or another owner than root.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tools.apt_layer.state import Facts
from tools.common.errors import ToolError, raise_all
from tools.deb_part.unpack import unusual

Rights = tuple[int, int, int]
Policy = Mapping[str, Mapping[str, Rights]]

_KEYS = {"path", "mode", "owner", "why"}


def read_rights(files: Iterable[Path]) -> Policy:
    """What packages may have, by package and path, from all files; an entry without a reason is refused."""
    policy: dict[str, dict[str, Rights]] = {}
    for file in files:
        try:
            for package, entries in json.loads(file.read_text(encoding="utf-8"))["packages"].items():
                policy.setdefault(package, {}).update(_entry(entry, package) for entry in entries)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ToolError(f"is not a policy of rights: {error!r}", file=file) from error
        except ToolError as error:
            raise ToolError(error.problem, file=file) from error
    return policy


def check_rights(packages: Iterable[Facts], policy: Policy) -> None:
    """Raises for every path that the policy does not expect as it is."""
    raise_all([error for facts in packages for error in _surprises(facts, policy.get(facts.package, {}))])


def _surprises(facts: Facts, allowed: Mapping[str, Rights]) -> Iterator[ToolError]:
    dirs = {path: rights for path, rights in facts.dirs.items() if unusual(*rights)}
    for path, rights in sorted({**dirs, **facts.rights}.items()):
        if allowed.get(f"/{path}") != rights:
            mode, uid, gid = rights
            yield ToolError(
                f"{facts.package} {facts.version} has /{path} with mode {mode:04o} and owner {uid}:{gid}, "
                f"{_expected(allowed.get(f'/{path}'))}",
                remedy="If the package must have it, add it with a reason to //apt/policy:rights.json, "
                "or to a file of your own (apt.lock(rights = [...])):\n"
                + json.dumps(
                    {"path": f"/{path}", "mode": f"{mode:04o}", "owner": f"{uid}:{gid}", "why": "..."}
                ),
            )


def _expected(rights: Rights | None) -> str:
    if rights is None:
        return "which the policy of rights does not know"
    mode, uid, gid = rights
    return f"and the policy of rights says {mode:04o} and {uid}:{gid}"


def _entry(entry: Mapping[str, str], package: str) -> tuple[str, Rights]:
    if entry.keys() != _KEYS or not entry["why"].strip():
        raise ToolError(f"{package} has an entry without path, mode, owner or a reason: {dict(entry)}")
    uid, gid = entry["owner"].split(":")
    return entry["path"], (int(entry["mode"], 8), int(uid), int(gid))
