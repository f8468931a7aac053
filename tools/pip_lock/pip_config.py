"""What pip is set up for on this machine, said in uv's words, for uv doesn't read pip's configuration.

Indexes go through the environment, not the command line, as they may hold a password. `no_index` alone has no
variable; it is an option of the command.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Later sections win, as in pip.
_SECTIONS = ("global", "download", ":env:")


@dataclass(frozen=True)
class PipConfig:
    """The settings of pip that say where packages come from and which are allowed."""

    index: str = ""
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    certificates: str = ""
    client_certificate: str = ""
    proxy: str = ""
    constraints: tuple[str, ...] = ()


def parse(lines: Iterable[str]) -> PipConfig:
    """Reads what `pip config list` prints: one `section.name='value'` a line."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in lines:
        key, _, value = line.strip().partition("=")
        section, _, name = key.rpartition(".")
        if section in found and value:
            found[section][name] = str(ast.literal_eval(value))
    merged = {name: value for section in _SECTIONS for name, value in found[section].items() if value}
    return PipConfig(
        index=merged.get("index-url", ""),
        extra_indexes=tuple(merged.get("extra-index-url", "").split()),
        find_links=tuple(merged.get("find-links", "").split()),
        no_index=merged.get("no-index", "").lower() in ("1", "true", "yes", "on"),
        trusted_hosts=tuple(merged.get("trusted-host", "").split()),
        certificates=merged.get("cert", ""),
        client_certificate=merged.get("client-cert", ""),
        proxy=merged.get("proxy", ""),
        constraints=tuple(merged.get("constraint", "").split()),
    )


@dataclass(frozen=True)
class Places:
    """Where packages are looked for; the default index `""` is the one that uv and pip know by themselves."""

    default: str = ""
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()


def places(config: PipConfig, own: Places, *, extras: bool) -> Places:
    """Where a lock's packages come from.

    Args:
        config: pip's settings.
        own: what the lock's source says on top.
        extras: whether to look at pip's extra indexes and folders too. The main index alone has every file of
            a release; an extra one may mirror a few, and the lock would get the hashes of those only.
    """
    extras = extras or config.no_index
    indexes = (*own.indexes, *(config.extra_indexes if extras else ()))
    return Places(
        default=own.default or config.index,
        indexes=() if config.no_index else tuple(dict.fromkeys(indexes)),
        find_links=(*own.find_links, *(config.find_links if extras else ())),
    )


def uv_environment(config: PipConfig, environment: Mapping[str, str], where: Places) -> dict[str, str]:
    """Adds uv's variables to an environment; one that the user has set stays."""
    wanted = {
        "UV_DEFAULT_INDEX": where.default,
        "UV_INDEX": " ".join(where.indexes),
        "UV_INDEX_STRATEGY": "unsafe-best-match" if where.indexes or where.find_links else "",
        "UV_FIND_LINKS": ",".join(where.find_links),
        "UV_INSECURE_HOST": " ".join(config.trusted_hosts),
        "UV_CONSTRAINT": " ".join(config.constraints),
        "SSL_CERT_FILE": config.certificates,
        "SSL_CLIENT_CERT": config.client_certificate,
        "ALL_PROXY": config.proxy,
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return {name: value for name, value in wanted.items() if value} | dict(environment)


def default_index(python: str) -> str:
    """The index that pip has when nothing is set up, from its help."""
    shown = subprocess.run([python, "-m", "pip", "help", "download"], capture_output=True, text=True)
    match = re.search(r"--index-url.*?\(default\s+(\S+?)\)", shown.stdout, re.DOTALL)
    return match[1] if match else ""
