"""Gets pages and files as pip would: its index, proxy, certificates, trusted hosts and passwords."""

from __future__ import annotations

import base64
import contextlib
import http.client
import netrc
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from tools.pip_lock import pip_config
from tools.sdist_fetch.page import Page

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
_DEFAULT = re.compile(r"Base\s+URL\s+of\s+the\s+Python\s+Package\s+Index\s+\(default\s+(\S+)\)")
_ATTEMPTS = 3
_TIMEOUT = 120


class FetchError(Exception):
    """What a user is told, once."""


class Unreachable(Exception):
    """A page or file can't be had; `absent` when the answer was that there is none."""

    def __init__(self, problem: str, *, absent: bool = False) -> None:
        super().__init__(problem)
        self.absent = absent


@dataclass(frozen=True)
class Pin:
    """A pin of a lock: where it is, what it pins, and the command that writes the lock anew."""

    where: str
    name: str
    version: str
    hashes: frozenset[str]
    refresh: str

    def error(self, problem: str, remedy: str) -> FetchError:
        """An error about this pin."""
        return FetchError(f"{self.where}: {self.name}=={self.version}: {problem}\n  {remedy}")

    def refreshing(self) -> str:
        """Says how the lock is written anew."""
        return f"if the change is meant, refresh the lock: {self.refresh or 'compile it again, with hashes'}"


def shown(url: str) -> str:
    """A URL without its password."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", url)


def _pip(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pip", *arguments]
    return subprocess.run(line, env={**os.environ, **env}, capture_output=True, text=True, check=False)


def pip_settings(pin: Pin) -> pip_config.PipConfig:
    """What this machine's pip is set up for."""
    done = _pip("config", "list")
    if done.returncode:
        raise pin.error(
            f"pip can't show its configuration\n{done.stderr.strip()}",
            f"install pip for {sys.executable} (Debian: python3-pip)",
        )
    return pip_config.parse(done.stdout.splitlines())


class Web:
    """Gets what URLs name; `file:` too, as pip does."""

    def __init__(self, config: pip_config.PipConfig) -> None:
        self._config = config

    def default_index(self) -> str:
        """The index that pip uses when nothing says another."""
        found = _DEFAULT.search(_pip("download", "--help", COLUMNS="999", PIP_CONFIG_FILE=os.devnull).stdout)
        return found[1] if found else ""

    def get(self, url: str, *, listing: bool) -> Page:
        """A page; of a folder on this machine its index.html, or else its files."""
        if urlsplit(url).scheme == "file":
            path = Path(url2pathname(urlsplit(url).path))
            if path.is_dir() and not (path / "index.html").is_file():
                return Page("files", url, "\n".join(each.as_uri() for each in sorted(path.iterdir())))
            path = path / "index.html" if path.is_dir() else path
            if not path.is_file():
                raise Unreachable("no such file", absent=True)
            return Page("html", path.as_uri(), path.read_text(encoding="utf-8", errors="replace"))
        with self.open(url, accept=_ACCEPT if listing else "") as answer:
            kind = answer.headers.get("Content-Type", "")  # type: ignore[attr-defined]
            text = answer.read().decode("utf-8", "replace")
            return Page("json" if "json" in kind else "html", answer.geturl(), text)  # type: ignore[attr-defined]

    @contextlib.contextmanager
    def open(self, url: str, accept: str = "") -> Iterator[IO[bytes]]:
        """Opens a file; what fails while it is read is Unreachable too."""
        local = urlsplit(url).scheme == "file"
        path = url2pathname(urlsplit(url).path)
        try:
            with open(path, "rb") if local else self._request(url, accept) as answer:
                yield answer
        except (OSError, http.client.HTTPException, ValueError) as error:
            absent = local and isinstance(error, FileNotFoundError) and error.filename == path
            raise Unreachable(_said(error), absent=absent or _is_absent(error)) from error

    def _request(self, url: str, accept: str) -> IO[bytes]:
        clean, login = _login(url)
        request = urllib.request.Request(clean, headers={"Accept": accept} if accept else {})
        if login:
            request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(login).decode())
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._opener(clean).open(request, timeout=_TIMEOUT)  # type: ignore[no-any-return]
            except urllib.error.HTTPError as error:
                if error.code < 500 or attempt == _ATTEMPTS:
                    raise
            except urllib.error.URLError as error:
                if isinstance(error.reason, (ssl.SSLError, ConnectionRefusedError)) or attempt == _ATTEMPTS:
                    raise
            time.sleep(attempt)
        raise AssertionError

    def _context(self) -> ssl.SSLContext:
        # A file that pip's settings name and nobody has says nothing of what is asked for.
        with _naming("cert", self._config.certificates):
            context = ssl.create_default_context(cafile=self._config.certificates or None)
        if self._config.client_certificate:
            with _naming("client-cert", self._config.client_certificate):
                context.load_cert_chain(self._config.client_certificate)
        return context

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        context = self._context()
        parts = urlsplit(url)
        if {parts.hostname, parts.netloc} & set(self._config.trusted_hosts):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        proxy = self._config.proxy
        proxies = {"http": proxy, "https": proxy} if proxy else None
        return urllib.request.build_opener(
            urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
        )


@contextlib.contextmanager
def _naming(setting: str, file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unreachable(f"the certificate file {file} (pip's {setting}): {_said(error)}") from error


def _login(url: str) -> tuple[str, bytes]:
    """A URL without user and password, and these, from it or from ~/.netrc."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if "@" in parts.netloc:
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        return urlunsplit(parts._replace(netloc=host)), f"{unquote(user)}:{unquote(password)}".encode()
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(parts.hostname or "")
        if found:
            return url, f"{found[0]}:{found[2]}".encode()
    return url, b""


def _said(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP status {error.code}"
    return shown(str(reason or getattr(error, "strerror", None) or error))


def _is_absent(error: Exception) -> bool:
    return isinstance(error, urllib.error.HTTPError) and error.code in (404, 410)
