"""The extension `sdists` with the real Bazel: a file by its hash from pip's index, or one reason why not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.testing.nested_bazel import NestedBazel

_HEAD = "# This file was written via the following command:\n#    ./bazelw run //venv:lock -- sdist\n"


@pytest.fixture(scope="module", name="nested")
def _nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NestedBazel]:
    workspace = NestedBazel(tmp_path_factory.mktemp("nested"), "venv/locks")
    for lock in (workspace.own / "BUILD.bazel").resolve().parent.glob("*.txt"):
        if lock.name != "sdist.txt":
            (workspace.own / lock.name).symlink_to(lock)
    yield workspace
    workspace.bazel("shutdown")


def file(folder: Path, name: str) -> str:
    """Puts a file into a folder that pip looks at; returns its hash."""
    (folder / name).write_bytes(name.encode())
    return hashlib.sha256(name.encode()).hexdigest()


def build(nested: NestedBazel, links: Path, lock: str, package: str = "some_pkg") -> tuple[int, str]:
    """Builds the sdist of a package in a lock."""
    (nested.own / "sdist.txt").write_text(_HEAD + lock)
    env = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links)}
    done = nested.bazel("build", f"@sdist_sources//{package}:sdist", env=env)
    return done.returncode, done.stderr


def test_a_locked_sdist_is_fetched_alone(nested: NestedBazel, tmp_path: Path) -> None:
    digest = file(tmp_path, "Some.Pkg-1.0.tar.gz")
    code, said = build(
        nested,
        tmp_path,
        f"some-pkg[extra]==1.0 ; python_version >= '3.9' \\\n    --hash=sha256:{'0' * 64} \\\n"
        f"    --hash=sha256:{digest}\n    # via someone\nnowhere==2.0 --hash=sha256:{'1' * 64}\n",
    )
    assert code == 0, said
    shown = nested.bazel("cquery", "--output=files", "@sdist_sources//some_pkg:sdist").stdout.strip()
    assert shown.endswith("/some_pkg-1.0.tar.gz")


def test_other_bytes_are_refused(nested: NestedBazel, tmp_path: Path) -> None:
    digest = file(tmp_path, "some_pkg-1.1.tar.gz")
    code, said = build(nested, tmp_path, f"some-pkg==1.1 --hash=sha256:{'0' * 64}\n")
    assert code == 1
    assert "venv/locks/sdist.txt:3: some-pkg==1.1: its source distribution is not a locked one" in said
    assert f"got      sha256:{digest}" in said
    assert "refresh the lock: ./bazelw run //venv:lock -- sdist" in said


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        (f"some-pkg==1.2 --hash=sha256:{'0' * 64}\n", "there is no source distribution of it on the index"),
        ("some-pkg>=1.2\n", "venv/locks/sdist.txt:3: some-pkg>=1.2 has no version with == or no sha256"),
        (
            f"some-pkg==1.2 ; x --hash=sha256:{'0' * 64}\nsome_pkg==1.3 ; y --hash=sha256:{'1' * 64}\n",
            "venv/locks/sdist.txt:4: some_pkg is locked in several versions",
        ),
    ],
)
def test_what_cannot_be_fetched_is_said(lock: str, message: str, nested: NestedBazel, tmp_path: Path) -> None:
    code, said = build(nested, tmp_path, lock)
    assert code == 1
    assert message in said
