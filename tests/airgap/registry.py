"""A real container registry on a free port of the loopback interface."""

from __future__ import annotations

import base64
import json
import re
import shutil
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.airgap.layout import Json, Layout, sha256

_ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)


@dataclass(frozen=True)
class Registry:
    """Where a registry listens, and how to get in."""

    host: str
    login: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None

    def request(
        self, method: str, path: str, data: bytes | None = None, **headers: str
    ) -> tuple[bytes, Json]:
        """One call of the registry's interface: the body and the headers of the answer."""
        scheme = "https" if self.tls else "http"
        url = path if "://" in path else f"{scheme}://{self.host}/v2/{path}"
        request = urllib.request.Request(url, data, method=method)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        if self.login:
            token = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
            request.add_header("Authorization", "Basic " + token)
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if self.tls:
            handlers.append(urllib.request.HTTPSHandler(context=self.tls))
        opener = urllib.request.build_opener(*handlers)
        with opener.open(request, timeout=30) as answer:
            return answer.read(), dict(answer.headers)

    def manifest(self, repository: str, reference: str) -> bytes:
        """The bytes of a manifest or index."""
        return self.request("GET", f"{repository}/manifests/{reference}", Accept=_ACCEPT)[0]

    def blob(self, repository: str, digest: str) -> bytes:
        """A blob, checked against its name."""
        data = self.request("GET", f"{repository}/blobs/{digest}")[0]
        assert sha256(data) == digest
        return data

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository."""
        return sorted(json.loads(self.request("GET", f"{repository}/tags/list")[0])["tags"] or [])

    def put_blob(self, repository: str, data: bytes) -> str:
        """Store a blob."""
        _, headers = self.request("POST", f"{repository}/blobs/uploads/", b"")
        location = headers["Location"]
        digest = sha256(data)
        joint = "&" if "?" in location else "?"
        self.request(
            "PUT", f"{location}{joint}digest={digest}", data, Content_Type="application/octet-stream"
        )
        return digest

    def put_manifest(self, repository: str, reference: str, manifest: bytes, media_type: str) -> str:
        """Store a manifest under a tag or its digest."""
        self.request("PUT", f"{repository}/manifests/{reference}", manifest, Content_Type=media_type)
        return sha256(manifest)

    def put_layout(self, repository: str, tag: str, layout: Layout) -> str:
        """Store an image layout, single or index, under a tag."""
        parts = [layout.entry, *layout.manifest.get("manifests", [])]
        for part in reversed(parts):
            content = layout.follow(part)
            manifest = json.loads(content)
            if "config" in manifest:
                for descriptor in (manifest["config"], *manifest["layers"]):
                    self.put_blob(repository, layout.follow(descriptor))
            reference = tag if part is layout.entry else part["digest"]
            self.put_manifest(repository, reference, content, part["mediaType"])
        return layout.digest


def _program(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    raise AssertionError(f"none of {names} is on PATH: install docker-registry, apache2-utils and openssl")


def _address(log: IO[str]) -> str:
    """Wait for the line in which the registry says where it listens; then keep its pipe empty."""
    lines = []
    for line in log:
        lines.append(line)
        if found := re.search(r"listening on 127\.0\.0\.1:(\d+)", line):
            threading.Thread(target=log.read, daemon=True).start()
            return f"localhost:{found[1]}"
    raise AssertionError("the registry ended:\n" + "".join(lines))


@dataclass(frozen=True)
class Certificate:
    """A certificate of localhost, signed by itself, and a trust store for Java with it and the system's."""

    certificate: Path
    key: Path
    trust_store: Path

    PASSWORD = "changeit"

    @staticmethod
    def make(folder: Path) -> Certificate:
        """Make one with openssl."""
        made = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "trust.p12")
        new = f"req -x509 -newkey rsa:2048 -nodes -days 2 -out {made.certificate} -keyout {made.key}"
        _openssl(
            *new.split(), "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"
        )
        system = Path("/etc/ssl/certs/ca-certificates.crt")
        bundle = folder / "bundle.pem"
        bundle.write_bytes(made.certificate.read_bytes() + (system.read_bytes() if system.exists() else b""))
        store = f"pkcs12 -export -nokeys -in {bundle} -out {made.trust_store} -passout pass:{made.PASSWORD}"
        _openssl(*store.split(), "-jdktrust", "anyExtendedKeyUsage")
        return made

    def server(self) -> ssl.SSLContext:
        """For a server in Python."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    def client(self) -> ssl.SSLContext:
        """For a client in Python."""
        return ssl.create_default_context(cafile=str(self.certificate))


def _openssl(*args: str) -> None:
    done = subprocess.run([_program("openssl"), *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def serve(
    folder: Path,
    *,
    login: str = "",
    password: str = "",
    certificate: Certificate | None = None,
    read_only: bool = False,
    delete: bool = False,
) -> Iterator[Registry]:
    """Run a registry that keeps its data in a folder; with a login it lets nobody else in."""
    folder.mkdir(parents=True, exist_ok=True)
    config: Json = {
        "version": 0.1,
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "maintenance": {"readonly": {"enabled": read_only}},
            "delete": {"enabled": delete},
        },
        "http": {"addr": "127.0.0.1:0"},
    }
    if certificate:
        config["http"]["tls"] = {"certificate": str(certificate.certificate), "key": str(certificate.key)}
    if login:
        users = folder / "htpasswd"
        command = [_program("htpasswd"), "-Bbc", "-C", "4", str(users), login, password]
        subprocess.run(command, check=True, capture_output=True)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(users)}}
    (folder / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    command = [_program("docker-registry", "registry"), "serve", str(folder / "config.yml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            tls = certificate.client() if certificate else None
            yield Registry(_address(process.stderr), login, password, tls)
        finally:
            process.terminate()
