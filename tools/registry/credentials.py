"""What the user's programs know of a registry: logins that docker, podman, skopeo or crane have written.

Looked through in this order, the first that knows the registry wins: $REGISTRY_AUTH_FILE,
$XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json, $DOCKER_CONFIG/config.json (~/.docker).
A file holds a login itself or names a helper, a program docker-credential-NAME.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.common.parsing import Parsing

# Where Docker keeps the login for its own registry.
_ALIASES = {"docker.io": ("docker.io", "index.docker.io", "registry-1.docker.io")}
_TOKEN_USER = "<token>"
_HELPER_SECONDS = 60
_INTERFACES = ("v1", "v2")


@dataclass(frozen=True)
class Login:
    """A user and password, or a token that buys others; `source` says where it is from."""

    user: str
    password: str
    source: str
    identity_token: str = ""

    @property
    def basic(self) -> str:
        """The header of basic authentication."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def __repr__(self) -> str:
        return f"Login({self.user!r}, from {self.source})"


def files(environ: Mapping[str, str]) -> list[Path]:
    """The files that may have logins."""
    home = Path(environ.get("HOME") or "/nonexistent")
    found = []
    if named := environ.get("REGISTRY_AUTH_FILE"):
        found.append(Path(named))
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        found.append(Path(runtime, "containers/auth.json"))
    found.append(Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "containers/auth.json"))
    found.append(Path(environ.get("DOCKER_CONFIG") or home / ".docker", "config.json"))
    return found


def find(host: str, repository: str, environ: Mapping[str, str]) -> Login | None:
    """The login for a repository of a registry, if any program has one."""
    for file in files(environ):
        if not file.is_file():
            continue
        with Parsing("is no configuration of docker or podman", file, remedy="log in again, or mend it"):
            config = json.loads(file.read_text(encoding="utf-8"))
            login = _in_config(config, host, repository, file, environ)
        if login:
            return login
    return None


def _in_config(
    config: Mapping[str, Any], host: str, repository: str, file: Path, environ: Mapping[str, str]
) -> Login | None:
    auths: Mapping[str, Mapping[str, str]] = config.get("auths") or {}
    helpers: Mapping[str, str] = config.get("credHelpers") or {}
    store = config.get("credsStore") or ""
    by_name = {_name(server): server for server in auths}
    helper_by_name = {_name(server): server for server in helpers}
    for name in _names(host, repository):
        if name in helper_by_name:
            server = helper_by_name[name]
            if login := _from_helper(helpers[server], server, file, environ):
                return login
        if name in by_name:
            server = by_name[name]
            if store and (login := _from_helper(store, server, file, environ)):
                return login  # before what the file still has from a time without a store, as Docker has it
            if login := _from_entry(auths[server], server, file):
                return login
    if store:
        server = "https://index.docker.io/v1/" if host == "docker.io" else host
        return _from_helper(store, server, file, environ)
    return None


def _names(host: str, repository: str) -> Iterator[str]:
    """The names under which a login may be kept: podman also keeps some for a part of a registry."""
    parts = repository.split("/")
    for each in _ALIASES.get(host, (host,)):
        for length in range(len(parts), 0, -1):
            yield "/".join([each, *parts[:length]])
        yield each


def _name(server: str) -> str:
    """A server without what some programs write around it; in a repository of it v1 is a part like others."""
    plain = re.sub(r"^https?://|/$", "", server)
    host, _, path = plain.partition("/")
    return host if path in _INTERFACES else plain


def _from_entry(entry: Mapping[str, str], server: str, file: Path) -> Login | None:
    token = entry.get("identitytoken", "")
    if packed := entry.get("auth"):
        try:
            text = base64.b64decode(packed, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"auth of {server} is not base64 ({error})") from None
        user, colon, password = text.partition(":")
        if not colon:
            raise ValueError(f"auth of {server} is not user:password")
        return Login(user, password.rstrip("\0"), str(file), token)
    if entry.get("username"):
        return Login(entry["username"], entry.get("password", ""), str(file), token)
    return Login("", "", str(file), token) if token else None


def _from_helper(helper: str, server: str, file: Path, environ: Mapping[str, str]) -> Login | None:
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"],
            input=server,
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_HELPER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no answer in {_HELPER_SECONDS} s"
        raise ToolError(
            f"{program}, which keeps the login for {server}, does not run: {reason}",
            file=file,
            remedy=f"put {program} on PATH, or log in without it",
        ) from None
    if done.returncode:
        told = (done.stdout + done.stderr).strip()
        if "credentials not found" in told or "not configured" in told:
            return None
        raise ToolError(f"{program} get {server} failed: {told or done.returncode}", file=file)
    with Parsing(f"names {program}, whose answer for {server} is not as it should be", file):
        answer = json.loads(done.stdout)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    if not user and not secret:
        return None
    source = f"{program} ({file})"
    return Login("", "", source, secret) if user == _TOKEN_USER else Login(user, secret, source)
