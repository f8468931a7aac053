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

from tools.bazelw import host, store, unprivileged
from tools.bazelw.errors import LauncherError
from tools.bazelw.progress import Progress

# Debian and Ubuntu; the variables are those of pip, requests, curl, git and OpenSSL.
FOLDER = "/etc/ssl/certs"
_BUNDLE = f"{FOLDER}/ca-certificates.crt"
_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)


def bundles(env: Mapping[str, str]) -> list[str]:
    """Returns the host's files of trusted certificates."""
    paths = {_BUNDLE, *(env.get(name, "") for name in _VARIABLES)}
    return sorted(path for path in paths if os.path.isfile(path))


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
    named = [file for file in files if os.path.dirname(file) == FOLDER]
    named = [file for file in named if not os.path.exists(os.path.join(base, os.path.basename(file)))]
    path = base
    if extra or named:
        digest = hashlib.sha256("\n".join(extra + named).encode()).hexdigest()[:16]
        path = os.path.join(toolbox, "certs", digest)
        if not os.path.isdir(path):
            _make(toolbox, base, path, extra, named)
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


def _make(toolbox: str, base: str, path: str, extra: Sequence[str], named: Sequence[str]) -> None:
    """Makes the folder beside and renames it into place; the root itself stays as it is."""
    progress = Progress()
    progress.step(f"adding {len(extra)} certificates of the host to the toolbox")
    root = os.path.join(toolbox, "root")
    scratch = f"{path}.tmp.{os.getpid()}"
    made, local, dpkg = (os.path.join(scratch, name) for name in ("certs", "local", "dpkg"))
    try:
        os.makedirs(local)
        shutil.copytree(base, made, symlinks=True)
        shutil.copytree(os.path.join(root, "var/lib/dpkg"), dpkg)
        for file in named:
            shutil.copy(file, made)
        for certificate in extra:
            name = f"host-{hashlib.sha256(certificate.encode()).hexdigest()[:16]}.crt"
            with open(os.path.join(local, name), "w", encoding="utf-8") as stream:
                stream.write(_pem(certificate))
        _update(root, made, local, dpkg)
        for name in os.listdir(local):  # the links to what is mounted for the update only become files
            link = os.path.join(made, f"{name[:-4]}.pem")
            os.unlink(link)
            shutil.copy(os.path.join(local, name), link)
        try:
            os.rename(made, path)
        except OSError:
            if not os.path.isdir(path):  # else another call was faster
                raise
    finally:
        progress.end()
        store.remove(scratch)


def _update(root: str, certs: str, local: str, dpkg: str) -> None:
    """Runs update-ca-certificates in the root. Java's part is a trigger of dpkg, which keeps records."""
    command = [*unprivileged.bubblewrap(host.which("bwrap")), "--ro-bind", root, "/"]
    for source, target in (
        (certs, FOLDER),
        (local, "/usr/local/share/ca-certificates"),
        (dpkg, "/var/lib/dpkg"),
    ):
        command += ["--bind", source, target]
    for target in ("/tmp", "/run", "/var/log", "/var/lib/ca-certificates-java"):
        command += ["--tmpfs", target]
    command += "--dev-bind /dev /dev --bind /proc /proc update-ca-certificates".split()
    done = subprocess.run(
        command,
        env={"PATH": host.PATH, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    # It exits with 0 when a hook, such as Java's, has failed.
    if done.returncode != 0 or "exited with code" in done.stdout:
        raise LauncherError(
            "can't add the host's certificates to the toolbox",
            file=_BUNDLE,
            remedy="\n".join(f"| {line}" for line in done.stdout.splitlines()[-6:]),
        )
