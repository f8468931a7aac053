"""Subject hashes, held against the real openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.apt_layer.certificates import install, subject_hash
from tools.apt_layer.tree import Tree
from tools.common.errors import ToolError


def certificate(folder: Path, subject: str, *options: str) -> bytes:
    out = folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", "/dev/null", "-out", str(out), "-subj", subject, "-days", "1", *options]
    subprocess.run(command, check=True, capture_output=True)
    return out.read_bytes()


def openssl_hash(pem: bytes) -> str:
    command = ["openssl", "x509", "-noout", "-subject_hash"]
    return subprocess.run(command, input=pem, check=True, capture_output=True).stdout.decode().strip()


@pytest.mark.parametrize(
    ("subject", "options"),
    [
        ("/CN=Simple", []),
        ("/C=DE/O=Upper  and   lower/CN= spaces around ", []),
        ("/O=Főtanúsítvány ÄÖÜ/CN=ünï", ["-utf8"]),
        ("/O=Two+OU=In one/CN=x", ["-multivalue-rdn"]),
        ("/O=a           b+OU=xxxxxx/CN=another order when blanks are collapsed", ["-multivalue-rdn"]),
        ("/DC=org/DC=example/CN=ia5", []),
        ("/CN=" + "long " * 12, []),
        ("/C=de/emailAddress=A@EXAMPLE.ORG", []),
    ],
)
def test_hash_is_openssls(tmp_path: Path, subject: str, options: list[str]) -> None:
    pem = certificate(tmp_path, subject, *options)
    assert subject_hash(pem) == openssl_hash(pem)


def test_store_has_bundle_names_and_numbered_hashes(tmp_path: Path) -> None:
    one, two = certificate(tmp_path, "/CN=same"), certificate(tmp_path, "/CN=SAME").rstrip(b"\n")
    files = {"usr/share/ca-certificates/m/A (x).crt": two, "usr/share/ca-certificates/m/B.crt": one}
    tree = Tree()
    install(files, tree, "test")
    assert tree.made["etc/ssl/certs/ca-certificates.crt"].data == two + b"\n" + one
    assert tree.made["etc/ca-certificates.conf"].data.endswith(b"#\nm/A (x).crt\nm/B.crt\n")
    links = {path: made.entry.link for path, made in tree.made.items() if made.entry.link}
    value = openssl_hash(one)
    assert links == {
        "etc/ssl/certs/A_=x=.pem": "/usr/share/ca-certificates/m/A (x).crt",
        "etc/ssl/certs/B.pem": "/usr/share/ca-certificates/m/B.crt",
        f"etc/ssl/certs/{value}.0": "A_=x=.pem",
        f"etc/ssl/certs/{value}.1": "B.pem",
    }


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_is_named(damage: bytes) -> None:
    with pytest.raises(ToolError, match=r"/usr/share/ca-certificates/x\.crt is not a certificate"):
        install({"usr/share/ca-certificates/x.crt": damage}, Tree(), "test")
