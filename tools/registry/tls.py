"""Whom to trust by TLS: the system's authorities, and those that docker or podman were given for a registry.

A registry with an authority of its own has it in a folder certs.d/HOST, as docker and podman read it: *.crt
are authorities, NAME.cert and NAME.key the client's own certificate. SSL_CERT_FILE and `ca` (option --ca) add
to that.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from tools.common.errors import ToolError

_SYSTEM = (Path("/etc/docker/certs.d"), Path("/etc/containers/certs.d"))


def folders(host: str, environ: Mapping[str, str]) -> list[Path]:
    """Where certificates for a registry may lie."""
    home = Path(environ.get("HOME") or "/nonexistent")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = [*_SYSTEM, config / "containers/certs.d", config / "docker/certs.d", home / ".docker/certs.d"]
    return [place / host for place in places]


def context(host: str, environ: Mapping[str, str], ca: Path | None = None) -> ssl.SSLContext:
    """How to speak TLS to a registry."""
    made = ssl.create_default_context()
    if ca:
        _trust(made, ca)
    for folder in folders(host, environ):
        if not folder.is_dir():
            continue
        for file in sorted(folder.glob("*.crt")):
            _trust(made, file)
        for file in sorted(folder.glob("*.cert")):
            try:
                made.load_cert_chain(file, file.with_suffix(".key"))
            except OSError as error:
                raise _bad(file, error) from None
    return made


def check(ca: Path) -> None:
    """Tells what is wrong with a file of certificates, also where nothing is said by TLS."""
    _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca)


def _trust(made: ssl.SSLContext, file: Path) -> None:
    try:
        made.load_verify_locations(cafile=os.fspath(file))
    except OSError as error:  # ssl.SSLError too
        raise _bad(file, error) from None


def _bad(file: Path, error: OSError) -> ToolError:
    reason = (
        error.strerror
        if not isinstance(error, ssl.SSLError) and error.strerror
        else "it has no certificate in PEM"
    )
    return ToolError(f"can't be used as a certificate: {reason}", file=file)
