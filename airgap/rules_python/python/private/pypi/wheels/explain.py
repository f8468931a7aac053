"""Turns what pip says when it fails into one error."""

from __future__ import annotations

import os
import re
import sys
from urllib.parse import unquote

from wheels.errors import WheelError
from wheels.lock import refresh_hint
from wheels.request import NoWheel, Request, expand, hash_mismatch

_UNREACHABLE = re.compile(
    r"connection error|NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|Max retries exceeded"
    r"|Connection (?:refused|reset|aborted|broken|timed out|to \S+ timed out)|Network is unreachable"
    r"|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Failed to establish a new connection"
    r"|not a trusted or secure host|\b50[0234] Server Error",
    re.IGNORECASE,
)
_NO_FILE = re.compile(r"No matching distribution found|requires a different Python")
_DAMAGED = re.compile(r"is invalid|not a zip|bad zip|invalid wheel", re.IGNORECASE)
# Released as source; pip leaves it out, for it is told to take wheels only.
_SDIST = re.compile(r"No sources permitted for \S+: \S*?([^/\s]+?)(\.tar\.\w+|\.tgz|\.zip)(?=[#?\s])")
# The lines of pip's output that tell the cause.
_TELLING = re.compile(r"^(?:ERROR|WARNING): |^Could not fetch URL|^Link requires a different Python")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def unreachable(output: str) -> bool:
    """Whether some place did not answer, whatever became of the rest."""
    return bool(_UNREACHABLE.search(output))


def _said(output: str) -> str:
    """What pip said that matters, indented."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = list(dict.fromkeys(line for line in lines if _TELLING.search(line)))
    return "".join(f"\n    pip: {line[:300]}" for line in (telling or lines)[-6:] or ["nothing"])


def explain(request: Request, output: str) -> WheelError:
    """Turns what pip said when it failed into one error."""
    output = _CREDENTIALS.sub("", output)
    got = re.findall(r"^\s*Got\s+([0-9a-f]{64})\s*$", output, re.MULTILINE)
    if got:
        return hash_mismatch(request, f"sha256:{got[0]}")
    if "No space left on device" in output:
        return request.error(
            "no space left while fetching it", "make room on the disk of Bazel's output base"
        )
    for option in request.options:
        if refused := _refused(request, option, output):
            return refused
    if _UNREACHABLE.search(output):
        return request.error(
            f"the package index can't be reached{_said(output)}",
            "check the network, the proxy and pip's configuration (`python3 -m pip config list`)",
        )
    if _NO_FILE.search(output) and (sdist := _sdist(request, output)):
        return request.error(
            f"no wheel for {request.target}, only the source distribution {sdist}",
            "build a wheel of it with `sdist_wheel` of //venv:defs.bzl, or supply one: put it into a folder "
            "that a line `--find-links FOLDER` of the lock's source names, and "
            f"{refresh_hint(request.refresh)}",
            NoWheel,
        )
    if _NO_FILE.search(output):
        return request.error(
            f"no wheel for {request.target} among the locked files{_said(output)}",
            "pin a version that has a wheel for this target, or take the target out of target_platforms; "
            f"to {refresh_hint(request.refresh)}",
            NoWheel,
        )
    if "No module named pip" in output:
        return request.error("pip is missing", f"install it for {sys.executable} (Debian: python3-pip)")
    if _DAMAGED.search(output):
        return request.error(f"the wheel is damaged{_said(output)}", refresh_hint(request.refresh))
    return request.error(f"pip could not fetch it{_said(output)}", refresh_hint(request.refresh))


def _refused(request: Request, option: str, output: str) -> WheelError | None:
    """The error when an index that the lock names didn't answer, or not to us."""
    kind, _, value = option.partition(" ")
    place = _CREDENTIALS.sub("", expand(value, os.environ)).rstrip("/")
    about = re.findall(rf"^Could not fetch URL {re.escape(place)}[/:].*$", output, re.MULTILINE)
    hint = (
        f"if it is another by now, change `{kind}` in the lock's source and {refresh_hint(request.refresh)}"
    )
    if any(_UNREACHABLE.search(line) for line in about):
        return request.error(
            f"{place}, which {request.lock} names by {kind}, can't be reached{_said(output)}",
            f"check the network and the proxy; {hint}",
        )
    if any(re.search(r"\b(401|403|407) Client Error", line) for line in about):
        return request.error(
            f"{place}, which {request.lock} names by {kind}, refuses us{_said(output)}",
            f"put a name and a password into ~/.netrc, or https://${{VARIABLE}}@... into the lock; {hint}",
        )
    return None


def _sdist(request: Request, output: str) -> str:
    """The source distribution of the locked version, if pip has seen one."""
    for match in _SDIST.finditer(output):
        stem = unquote(match[1])
        if stem.endswith(f"-{request.version}"):
            return f"{stem}{match[2]}"
    return ""
