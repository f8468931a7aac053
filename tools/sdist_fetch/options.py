"""Reads the options of a lock that say where packages are, and adds them to what pip is set up for.

Variables are filled in here, not where the lock is read: a password is then nowhere but in this process.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tools.pip_lock.pip_config import PipConfig, Places, places
from tools.sdist_fetch.web import Pin, shown

_KINDS = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--trusted-host": "--trusted-host",
}
_GLUED = re.compile(r"^(-[if])(?=[^\s=])")
# As pip has it.
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def with_options(
    config: PipConfig, options: Sequence[str], folder: Path, environment: Mapping[str, str], pin: Pin
) -> PipConfig:
    """Pip's settings with those of a lock on top.

    Args:
        config: what pip is set up for.
        options: lines of the lock that begin with `-`; those that are about something else don't matter here.
        folder: where the lock is; folders that it names are relative to that.
        environment: variables that the lines may name, `${NAME}`.
        pin: what is fetched, for messages.

    Raises:
        FetchError: a line can't be understood, or names a variable that is not set.
    """
    found: dict[str, list[str]] = {}
    for line in options:
        kind, value = _split(line, pin)
        if kind in _KINDS and value:
            found.setdefault(_KINDS[kind], []).append(_expanded(value, line, environment, pin))
    own = Places(
        default="".join(found.get("--index-url", [])[-1:]),
        indexes=tuple(found.get("--extra-index-url", [])),
        find_links=tuple(
            link if "://" in link else str(folder / link) for link in found.get("--find-links", [])
        ),
    )
    where = places(config, own, extras=True)
    return replace(
        config,
        index=where.default,
        extra_indexes=where.indexes,
        find_links=where.find_links,
        trusted_hosts=(*config.trusted_hosts, *found.get("--trusted-host", [])),
    )


def _split(line: str, pin: Pin) -> tuple[str, str]:
    """The option and its value."""
    try:
        words = shlex.split(_GLUED.sub(r"\1 ", line))
    except ValueError as error:
        raise pin.error(f"`{shown(line)}` can't be understood: {error}", pin.refreshing()) from error
    kind, equals, value = words[0].partition("=")
    return kind, value if equals else " ".join(words[1:2])


def _expanded(value: str, line: str, environment: Mapping[str, str], pin: Pin) -> str:
    for name in _VARIABLE.findall(value):
        if not environment.get(name):
            raise pin.error(
                f"`{shown(line)}` wants the variable {name}, which is not set", f"set it: export {name}=..."
            )
    return _VARIABLE.sub(lambda match: environment[match[1]], value)
