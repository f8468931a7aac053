"""Signs images and statements about them in a registry, with cosign and a key of one's own.

    with Signer("env://SIGNING_KEY") as signer:
        signer.sign("registry.example/team/train@sha256:...")

No certificate authority and no transparency log is asked, so it works where only the registry is reached; who
verifies has the public key. cosign finds credentials of the registry where docker and crane do.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.common.errors import ToolError

# Of cosign's that --key may name beside files: they are cosign's own business.
_SERVICES = re.compile(r"(awskms|azurekms|gcpkms|hashivault|k8s|pkcs11|gitlab|github)://.+")
_ENVIRONMENT = "env://"
_PASSWORD = "COSIGN_PASSWORD"
_BY_DIGEST = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
_OFFLINE = ["--insecure-ignore-tlog=true"]


class Signer:
    """A key, and how the registry is reached. It is a context manager, as some files are made once for all.

    Args:
        key: file with a private key of `cosign generate-key-pair`, `env://NAME` of a variable with one, or
            the URI of a key service that cosign knows. Its password is in COSIGN_PASSWORD, or asked for on a
            terminal.
        authority: file with the certificate authority of the registry, if the system doesn't know it.
    """

    def __init__(self, key: str, authority: str = "") -> None:
        _check_key(key)
        self._program = _program()
        self._key = key
        self._authority = authority
        self._folder = tempfile.TemporaryDirectory(prefix="sign-")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def ready(self) -> None:
        """Uses the key once, so that what is wrong with it is told before anything else is done."""
        self._public.stat()

    def sign(self, reference: str, *, plain: bool = False) -> bool:
        """Signs an image or index, unless this key already has: returns whether a signature was added.

        Args:
            reference: registry, repository and digest. The images of an index have signatures of their own.
            plain: whether the registry is reached by HTTP; one on this machine may be in any case.
        """
        check_reference(reference)
        way = ["--allow-http-registry"] if plain else []
        verified = self._cosign("verify", [*way, *_OFFLINE, "--key", str(self._public), reference])
        if verified.returncode == 0:
            return False
        self._run("sign", [*way, *self._trust, "--key", self._key, reference])
        return True

    def attest(self, reference: str, kind: str, predicate: Mapping[str, object]) -> None:
        """Signs a statement about an image, and puts it beside it.

        Args:
            reference: registry, repository and digest.
            kind: the predicate's type, such as https://slsa.dev/provenance/v1.
            predicate: what the statement says.
        """
        check_reference(reference)
        file = self._file("predicate.json")
        file.write_text(json.dumps(predicate, sort_keys=True), encoding="utf-8")
        options = ["--key", self._key, "--type", kind, "--predicate", str(file)]
        self._run("attest", [*self._trust, *options, reference])

    def _file(self, name: str) -> Path:
        return Path(self._folder.name) / name

    @cached_property
    def _public(self) -> Path:
        """The key's public half."""
        path = self._file("key.pub")
        self._run("public-key", ["--key", self._key, "--outfile", str(path)], registry=False)
        return path

    @cached_property
    def _trust(self) -> list[str]:
        """Options that say that no service is asked, and whom to trust beside the key: nobody."""
        config, root = self._file("signing-config.json"), self._file("trusted-root.json")
        self._run("signing-config", ["create", "--out", str(config)], registry=False)
        self._run("trusted-root", ["create", "--out", str(root)], registry=False)
        return ["--signing-config", str(config), "--trusted-root", str(root)]

    def _run(self, command: str, arguments: list[str], *, registry: bool = True) -> None:
        done = self._cosign(command, arguments, registry=registry)
        if done.returncode:
            raise ToolError(_reason(done.stderr, command), file=arguments[-1] if registry else self._key)

    def _cosign(
        self, command: str, arguments: list[str], *, registry: bool = True
    ) -> subprocess.CompletedProcess[str]:
        authority = ["--registry-cacert", self._authority] if self._authority and registry else []
        line = [self._program, command, *authority, *arguments]
        environment = os.environ | {_PASSWORD: _password()}
        return subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@cache
def _password() -> str:
    """Asked for once, and of people only."""
    if _PASSWORD in os.environ or not sys.stdin.isatty():
        return os.environ.get(_PASSWORD, "")
    return getpass.getpass("Password of the signing key: ")


def _program() -> str:
    found = shutil.which("cosign")
    if not found:
        raise ToolError(
            "there is no cosign on PATH, which signs",
            remedy="Install it (Debian: apt-get install cosign), or use ./bazelw, whose toolbox has it.",
        )
    return found


def _check_key(key: str) -> None:
    make = "`cosign generate-key-pair` makes a pair; the private key is kept from others."
    if key.startswith(_ENVIRONMENT):
        if not os.environ.get(key.removeprefix(_ENVIRONMENT)):
            raise ToolError(
                f"the key is {key}, but there is no such variable in the environment",
                remedy="Put the text of the private key into it. " + make,
            )
    elif not _SERVICES.fullmatch(key) and not Path(key).is_file():
        raise ToolError(
            "there is no such file with a private key", file=key, remedy=f"Name one, or env://NAME. {make}"
        )


def check_reference(reference: str) -> None:
    """Refuses what is not a digest in a registry."""
    if not _BY_DIGEST.fullmatch(reference):
        raise ToolError(
            f"{reference} is no image by its digest",
            remedy="A tag may lead elsewhere tomorrow: sign registry.example/team/image@sha256:...",
        )


def _reason(stderr: str, command: str) -> str:
    """What cosign says, without what it says twice."""
    said = [line for line in stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
    errors = [line.removeprefix("Error: ") for line in said if line.startswith("Error: ")]
    text = " ".join(errors or said[-1:]) or "no reason was given"
    if "decryption failed" in text:
        text += " (is COSIGN_PASSWORD the password of this key?)"
    return f"cosign {command}: {text}"
