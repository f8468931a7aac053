"""What is refused before anything is signed, and how provenance is completed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.common.errors import ToolError
from tools.sign.cosign import Signer
from tools.sign.statement import completed

DIGEST = "sha256:" + "a" * 64
IMAGE = f"localhost:1/team/app@{DIGEST}"
STATEMENT: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "app", "digest": {"sha256": "a" * 64}}],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {"resolvedDependencies": [{"name": "sources"}, {"name": "x"}]},
        "runDetails": {"builder": {"id": "urn:x"}},
    },
}


def sign(*arguments: str | Path, **environment: str) -> str:
    """What the tool says, which must fail."""
    path = str(Path(__file__).absolute().parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "tools.sign", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(autouse=True)
def _program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cosign that is never asked for anything."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cosign").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")


@pytest.fixture(name="key")
def _key(tmp_path: Path) -> Path:
    (tmp_path / "cosign.key").write_text("secret")
    return tmp_path / "cosign.key"


def test_there_must_be_a_key(tmp_path: Path) -> None:
    assert sign("--key", tmp_path / "none.key", IMAGE) == (
        f"error: {tmp_path}/none.key: there is no such file with a private key\n"
        "  Name one, or env://NAME. "
        "`cosign generate-key-pair` makes a pair; the private key is kept from others.\n"
    )
    assert "the key is env://NONE, but there is no such variable" in sign("--key", "env://NONE", IMAGE)
    with Signer("awskms:///alias/x"):
        pass  # cosign's business


@pytest.mark.parametrize(
    "reference", ["localhost:1/team/app:v1", "localhost:1/team/app", DIGEST, "x@sha256:1"]
)
def test_an_image_goes_by_its_digest(key: Path, reference: str) -> None:
    assert sign("--key", key, IMAGE, reference).startswith(f"error: {reference} is no image by its digest\n")


def test_whoever_signs_names_a_digest(key: Path) -> None:
    with Signer(str(key)) as signer:
        for act in (signer.sign, lambda reference: signer.attest(reference, "x", {})):
            with pytest.raises(ToolError, match="is no image by its digest"):
                act("localhost:1/team/app:v1")


def test_without_cosign_it_says_where_to_get_it(key: Path, tmp_path: Path) -> None:
    assert "there is no cosign on PATH" in sign("--key", key, IMAGE, PATH=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "is no in-toto statement: it lacks one of _type, predicate, predicateType, subject"),
        ("[]", "is no in-toto statement: it lacks one of"),
        ("{", "is no in-toto statement: it is not JSON"),
        (
            json.dumps(STATEMENT).replace("a" * 64, "b" * 64),
            f"the statement is about sha256:{'b' * 64}, and not about {IMAGE}",
        ),
    ],
)
def test_only_a_statement_about_the_image_is_signed(
    key: Path, tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "x.json").write_text(text)
    assert problem in sign("--key", key, "--attest", tmp_path / "x.json", IMAGE)


def test_provenance_is_completed() -> None:
    assert completed(STATEMENT, "", "", "") == STATEMENT
    found = completed(STATEMENT, "https://ci.example/7", "git+https://git.example/x", "c" * 40)
    assert found["predicate"]["runDetails"]["builder"]["id"] == "https://ci.example/7"
    assert found["predicate"]["buildDefinition"]["resolvedDependencies"] == [
        {"name": "sources", "uri": "git+https://git.example/x", "digest": {"gitCommit": "c" * 40}},
        {"name": "x"},
    ]
    assert STATEMENT["predicate"]["runDetails"]["builder"]["id"] == "urn:x"
    with pytest.raises(ToolError, match="has no place for builder"):
        completed(STATEMENT | {"predicateType": "x"}, "b", "", "")
