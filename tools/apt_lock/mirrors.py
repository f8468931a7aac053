"""Where the archives are for this run: as the module extension found out, or in a given snapshot."""

import json
import re
from pathlib import Path

from tools.common.errors import ToolError

MAIN, SECURITY = "debian", "debian-security"
_HOST = r"([^/@\s]*@)?([^/:@\s\[\]]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?"
_URL = re.compile(rf"https?://{_HOST}(/\S*)?|file:/\S*")


def read_mirrors(path: Path) -> dict[str, str]:
    """The first mirror of each archive that //apt:extensions.bzl found."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["problem"]:
        raise ToolError(data["problem"], remedy=data["remedy"])
    return {archive: urls[0].rstrip("/") for archive, urls in data["archives"].items() if urls}


def _check(option: str, url: str) -> None:
    if not _URL.fullmatch(url):
        raise ToolError(
            f"{option} {url} is no address of a Debian mirror",
            remedy=f"Give a URL that holds dists/ and pool/: {option} http://HOST/debian "
            "(or https:, or file:/PATH).",
        )


def snapshot_mirrors(main: str, security: str | None) -> dict[str, str]:
    """Both archives of a snapshot; the security archive is the sibling when only one URL was given."""
    _check("--snapshot", main)
    if security is None:
        parts = main.rstrip("/").split("/")
        if MAIN not in parts:
            raise ToolError(
                f"{main!r} has no folder {MAIN!r}, so the security archive beside it cannot be guessed",
                remedy="Name it with --security-snapshot URL.",
            )
        last = len(parts) - 1 - parts[::-1].index(MAIN)
        security = "/".join([*parts[:last], SECURITY, *parts[last + 1 :]])
    _check("--security-snapshot", security)
    return {MAIN: main.rstrip("/"), SECURITY: security.rstrip("/")}
