"""What went wrong with a build and what to do about it, and whether what came out is what was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import ToolError
from tools.common.names import canonical
from tools.sdist_wheel.order import Order
from tools.wheel.wheel import Wheel

_SHOWN = 30
_MISSING = re.compile(
    r"fatal error: (?P<header>[^\s:]+): No such file"
    r"|cannot find -l(?P<library>[^\s:]+)"
    r"|[Pp]ackage '?(?P<package>[\w.+-]+)'?,? (?:required by|was not found|not found)"
    r"|(?:^|[\s'\"])(?P<program>[\w.+-]+): (?:command )?not found",
    re.MULTILINE,
)
_NETWORK = re.compile(
    r"[Nn]ame resolution|[Nn]ame or service not known|Network is unreachable|[Cc]ould not resolve"
    r"|No address associated with hostname|NewConnectionError|Failed to establish a new connection"
)


def cannot_run(order: Order, problem: str, hint: str) -> ToolError:
    """The error where this machine can't build for the target."""
    return ToolError(
        f"cannot be built for {order.target}: {problem}",
        file=order.sdist,
        remedy=(f"{hint}\nOr build the wheel on a machine that can, and {_supply(order)}"),
    )


def _supply(order: Order) -> str:
    """How a wheel takes the place of the build."""
    key = f"py{order.target.python.replace('.', '')}_{order.target.arch}"
    return (
        f'supply it to the macro sdist_wheels of\n{order.label}: prebuilt = {{"{key}": "//PACKAGE:NAME.whl"}}'
    )


def not_one_wheel(order: Order, made: Sequence[str]) -> ToolError:
    """The error for a build that says it went well, and did not leave one wheel."""
    return ToolError(
        f"its build made {len(made)} wheels instead of one file: {', '.join(made) or 'none'}",
        file=order.sdist,
        remedy=(
            "Its backend has to leave one wheel. Lock another version of the project or of the backend,\n"
            f"or build the wheel elsewhere and {_supply(order)}"
        ),
    )


def not_given(order: Order, absent: Sequence[str]) -> ToolError:
    """The error for what a backend needs and the target doesn't list."""
    return ToolError(
        f"its build needs {', '.join(absent)}",
        file=order.sdist,
        remedy=(
            "The build has no network. Lock the backend's requirements and add their wheels to "
            f'{order.label}: requires = ["@HUB//{_package(absent[0])}:whl"]'
        ),
    )


def _package(requirement: str) -> str:
    """The package of a hub for a requirement: `Flit_Core[x] >=3` is flit_core."""
    match = re.match(r"[A-Za-z0-9._-]*", requirement.strip())
    return canonical(match[0] if match else "").replace("-", "_")


def explain(order: Order, code: int, log: str) -> ToolError:
    """The error for a build that failed: the end of what it said, and what that may mean."""
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    shown = "".join(f"\n    | {line[:300]}" for line in lines[-_SHOWN:] or ["(it said nothing)"])
    return ToolError(
        f"its build for {order.target} failed with exit code {code}; it said last:{shown}",
        file=order.sdist,
        remedy=_remedy(order, log),
    )


def _remedy(order: Order, log: str) -> str:
    if _NETWORK.search(log):
        return (
            "The build wanted the network, and has none. What it fetches has to be locked: as a wheel in "
            f"`requires`, or as a Debian package in {order.image}, the image it is built in."
        )
    found = _MISSING.search(log)
    if found:
        ((kind, what),) = ((kind, what) for kind, what in found.groupdict().items() if what)
        return (
            f"The {kind} {what} is missing in {order.image}, the image it is built in.\n"
            "Add its Debian package to the set `devel` in apt/locks/SUITE.in.json and refresh that lock, or\n"
            "name an image of your own with build_root."
        )
    return (
        f"It was built in {order.image}. Packages of Debian that it lacks belong into that image:\n"
        "the set `devel` in apt/locks/SUITE.in.json, or an image of your own with build_root. Variables\n"
        "belong into `env`, options of the backend into `config_settings`."
    )


def check(order: Order, path: Path) -> None:
    """The wheel is whole and of the pin's name and version, and fits the target."""
    name, version = order.pin
    with Wheel.open(path) as wheel:
        wheel.verify()
        tags = [
            line.partition(":")[2].strip()
            for line in wheel.read(f"{wheel.dist_info}/WHEEL").decode("utf-8", "replace").splitlines()
            if line.lower().startswith("tag:")
        ]
        got = (canonical(wheel.name), wheel.version)
    if got != (canonical(name), version):
        raise ToolError(
            f"its build made {got[0]} {got[1]}, the lock has {canonical(name)} {version}",
            file=order.sdist,
            remedy="The sdist is not what its name says; lock another version.",
        )
    if not any(order.target.fits(tag) for tag in tags):
        raise ToolError(
            f"its build made a wheel for {', '.join(tags) or 'nothing'}, which does not fit {order.target}",
            file=order.sdist,
            remedy=f"Is build_root, {order.image}, the image for this Python and architecture?",
        )
