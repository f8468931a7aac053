"""Adds the host's certificate authorities to the toolbox's, for programs and for Java.

A proxy with an authority of its own is known to the host's bundle alone. The certificates that the root lacks
go through Debian's `update-ca-certificates` in the root, with /proc mounted since its Java hook needs it. The
result is KEY/certs/HASH/, mounted at /etc/ssl/certs; it is made again when the host's bundles change.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from tools.bazelw import host, store
from tools.bazelw.errors import LauncherError
from tools.bazelw.progress import Progress

# Debian and Ubuntu; the variables are those of pip, requests, curl, git and OpenSSL.
_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)


def bundles(env: Mapping[str, str]) -> list[str]:
    """Returns the host's files of trusted certificates."""
    paths = [_BUNDLE, *(env.get(name, "") for name in _VARIABLES)]
    return sorted({os.path.realpath(path) for path in paths if os.path.isfile(path)})


def folder(toolbox: str, env: Mapping[str, str]) -> str:
    """Returns the folder to mount at /etc/ssl/certs; makes it when the host's bundles have changed."""
    files = bundles(env)
    seen = json.dumps([[path, *_identity(path)] for path in files])
    state = os.path.join(toolbox, "certs.json")
    known = _read(state)
    if known.get("seen") == seen and os.path.isdir(known.get("folder", "")):
        return known["folder"]
    base = os.path.join(toolbox, "root/etc/ssl/certs")
    if not os.path.exists(os.path.join(toolbox, "root/usr/sbin/update-ca-certificates")):
        return base
    extra = missing(files, os.path.join(base, "ca-certificates.crt"))
    path = base
    if extra:
        digest = hashlib.sha256("\n".join(extra).encode()).hexdigest()[:16]
        path = os.path.join(toolbox, "certs", digest)
        if not os.path.isdir(path):
            _make(toolbox, base, path, extra)
    scratch = f"{state}.{os.getpid()}"
    with open(scratch, "w", encoding="utf-8") as stream:
        json.dump({"seen": seen, "folder": path}, stream)
    os.replace(scratch, state)
    return path


def missing(files: Sequence[str], base: str) -> list[str]:
    """Returns the certificates of `files` that the bundle `base` lacks."""
    have = set(_certificates(base))
    wanted = {certificate for path in files for certificate in _certificates(path)}
    return sorted(wanted - have)


def _certificates(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return ["\n".join(match.split()) for match in _CERTIFICATE.findall(stream.read())]
    except OSError:
        return []


def _pem(certificate: str) -> str:
    """Puts a certificate back into lines: its words are the two markers and base64."""
    body = re.sub(r"-----(BEGIN|END)\nCERTIFICATE-----", "", certificate).strip()
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def _identity(path: str) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _read(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
            return data if isinstance(data, dict) else {}
    except (OSError, ValueError):
        return {}


def _make(toolbox: str, base: str, path: str, extra: Sequence[str]) -> None:
    progress = Progress()
    progress.step(f"adding {len(extra)} certificates of the host to the toolbox")
    scratch = f"{path}.tmp.{os.getpid()}"
    local = f"{scratch}.local"
    try:
        os.makedirs(local)
        shutil.copytree(base, scratch, symlinks=True)
        for number, certificate in enumerate(extra):
            with open(os.path.join(local, f"host-{number:03}.crt"), "w", encoding="utf-8") as stream:
                stream.write(_pem(certificate))
        output = _update(os.path.join(toolbox, "root"), scratch, local)
        if output is not None:
            raise LauncherError(
                "can't add the host's certificates to the toolbox",
                file=_BUNDLE,
                remedy="\n".join(f"| {line}" for line in output.splitlines()[-6:]),
            )
        try:
            os.rename(scratch, path)
        except OSError:
            if not os.path.isdir(path):  # else another call was faster
                raise
    finally:
        progress.end()
        store.remove(scratch)
        store.remove(local)


def _update(root: str, certs: str, local: str) -> str | None:
    """Runs update-ca-certificates in the root; returns its output when it fails."""
    command = [
        host.which("bwrap"),
        *([] if os.geteuid() == 0 else ["--unshare-user", "--uid", "0", "--gid", "0"]),
    ]
    command += ["--bind", root, "/", "--dev-bind", "/dev", "/dev", "--bind", "/proc", "/proc"]
    command += ["--bind", certs, "/etc/ssl/certs", "--bind", local, "/usr/local/share/ca-certificates"]
    command += [
        "--tmpfs",
        "/tmp",
        "--setenv",
        "PATH",
        "/usr/sbin:/usr/bin:/sbin:/bin",
        "update-ca-certificates",
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    merged = os.path.exists(os.path.join(certs, "ca-certificates.crt"))
    return None if done.returncode == 0 and merged else done.stdout
