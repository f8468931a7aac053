"""The host's certificate authorities, in the toolbox's bundle and in Java's trust store."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.bazelw import certs

_JAVA = "/etc/ssl/certs/java/cacerts"

pytestmark = pytest.mark.skipif(
    not (Path(_JAVA).exists() and shutil.which("keytool")), reason="needs Java with Debian's trust store"
)


@pytest.fixture
def toolbox(tmp_path: Path) -> str:
    """A toolbox whose root is the machine's: the tests run in one."""
    (tmp_path / "toolbox").mkdir()
    (tmp_path / "toolbox/root").symlink_to("/")
    return str(tmp_path / "toolbox")


def authority(path: Path, name: str) -> str:
    """Makes a certificate authority and returns its SHA-256 fingerprint."""
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -days 2"
    subprocess.run(
        [*request.split(), "-out", str(path), "-subj", f"/CN={name}"], check=True, capture_output=True
    )
    shown = subprocess.run(
        ["openssl", "x509", "-in", str(path), "-noout", "-fingerprint", "-sha256"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return shown.strip().partition("=")[2]


def java_trusts(folder: str) -> str:
    return subprocess.run(
        ["keytool", "-list", "-keystore", f"{folder}/java/cacerts", "-storepass", "changeit"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_an_authority_of_the_host_is_trusted_by_programs_and_by_java(toolbox: str, tmp_path: Path) -> None:
    bundle = tmp_path / "corporate.pem"
    fingerprint = authority(bundle, "Corporate Proxy")
    folder = certs.folder(toolbox, {"SSL_CERT_FILE": str(bundle)})
    assert folder.startswith(f"{toolbox}/certs/")
    assert certs.missing([str(bundle)], f"{folder}/ca-certificates.crt") == []
    assert Path(folder, "ca-certificates.crt").read_text().count("BEGIN CERTIFICATE") > 100, "Debian's stay"
    assert fingerprint in java_trusts(folder)
    verified = subprocess.run(
        ["openssl", "verify", "-CApath", folder, str(bundle)], capture_output=True, check=False
    )
    assert verified.returncode == 0


def test_it_is_made_again_when_the_bundle_changes_and_only_then(toolbox: str, tmp_path: Path) -> None:
    bundle = tmp_path / "corporate.pem"
    authority(bundle, "First")
    env = {"PIP_CERT": str(bundle)}
    first = certs.folder(toolbox, env)
    made = Path(first).stat().st_mtime_ns
    assert certs.folder(toolbox, env) == first
    assert Path(first).stat().st_mtime_ns == made
    fingerprint = authority(bundle, "Second")
    second = certs.folder(toolbox, env)
    assert second != first
    assert fingerprint in java_trusts(second)
    assert Path(first).is_dir(), "a running server still sees it"


def test_no_copy_when_the_host_trusts_nobody_else(toolbox: str) -> None:
    assert certs.folder(toolbox, {}) == f"{toolbox}/root/etc/ssl/certs"


def test_a_bundle_without_sense(toolbox: str, tmp_path: Path) -> None:
    bundle = tmp_path / "broken.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
    folder = certs.folder(toolbox, {"SSL_CERT_FILE": str(bundle)})
    assert Path(folder, "ca-certificates.crt").read_text().count("BEGIN CERTIFICATE") > 100
    leftovers = [path.name for path in Path(toolbox, "certs").iterdir() if ".tmp." in path.name]
    assert leftovers == []
