"""What a checkout says of itself, and the tags that come of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.push.plan import Planned
from tools.push.tags import stamp, tags

PROGRAM = Path(__file__).absolute().with_name("workspace_status.py")
ENVIRON = {
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "PATH": os.environ["PATH"],
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, env=ENVIRON, check=True, capture_output=True)
    return done.stdout.decode().strip()


def run(folder: Path, **variables: str) -> tuple[dict[str, str], str]:
    """What it says, and what on stderr; it never fails, for a build needs no stamp."""
    done = subprocess.run(
        [PROGRAM], cwd=folder, env={**ENVIRON, **variables}, check=True, capture_output=True, text=True
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines()), done.stderr


def said(folder: Path, **variables: str) -> dict[str, str]:
    lines, told = run(folder, **variables)
    assert told == ""
    return lines


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "file").write_text("1")
    git(folder, "add", "file")
    git(folder, "commit", "--quiet", "--message=one")
    return folder


def test_branch_commit_and_version(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    assert said(checkout) == {"STABLE_GIT_BRANCH": "main", "STABLE_GIT_COMMIT": commit}
    git(checkout, "tag", "v1.9")
    git(checkout, "tag", "v1.10")
    assert said(checkout)["STABLE_GIT_VERSION"] == "v1.10"


def test_a_branch_has_its_name_beside_a_tag_of_the_same(checkout: Path) -> None:
    """Which git itself tells apart by `heads/main`, where it is asked for a short name."""
    git(checkout, "tag", "main")
    assert said(checkout)["STABLE_GIT_BRANCH"] == "main"
    git(checkout, "checkout", "--quiet", "-b", "feature/heads/x")
    assert said(checkout)["STABLE_GIT_BRANCH"] == "feature/heads/x"


def test_a_version_is_one_tag_also_where_git_is_to_make_columns(checkout: Path) -> None:
    git(checkout, "config", "column.ui", "always")
    for tag in ("v1", "v2"):
        git(checkout, "tag", tag)
    assert said(checkout)["STABLE_GIT_VERSION"] == "v2"


def test_what_is_not_committed_is_no_version(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "v1")
    for name in ("file", "new"):
        (checkout / name).write_text("2")
        assert said(checkout) == {"STABLE_GIT_BRANCH": "main", "STABLE_GIT_COMMIT": commit + "-dirty"}
        git(checkout, "stash", "--include-untracked", "--quiet")


@pytest.mark.parametrize("candidate", ["v1.2-rc1", "v1.2-rc.10", "v1.2-alpha", "v1.1"])
def test_a_release_is_above_its_candidates(checkout: Path, candidate: str) -> None:
    git(checkout, "tag", "v1.2")
    git(checkout, "tag", candidate)
    assert said(checkout)["STABLE_GIT_VERSION"] == "v1.2"


def test_of_candidates_the_highest_counts(checkout: Path) -> None:
    for number in (9, 10, 2):
        git(checkout, "tag", f"v1.2-rc{number}")
    assert said(checkout)["STABLE_GIT_VERSION"] == "v1.2-rc10"


def test_what_git_cannot_tell_is_dirty(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "v1")
    (checkout / ".git/index").write_bytes(b"broken")
    lines, told = run(checkout)
    assert lines == {"STABLE_GIT_BRANCH": "main", "STABLE_GIT_COMMIT": commit + "-dirty"}
    assert told.startswith("the commit counts as dirty: ")
    assert "index" in told


def test_a_commit_without_a_branch(checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "checkout", "--quiet", "--detach")
    assert said(checkout) == {"STABLE_GIT_COMMIT": commit}
    assert said(checkout, STAMP_BRANCH="feature/x")["STABLE_GIT_BRANCH"] == "feature/x"


@pytest.fixture(name="no_git")
def _no_git(tmp_path: Path) -> str:
    """A PATH without it."""
    python = tmp_path / "bin/python3"
    python.parent.mkdir()
    python.symlink_to("/usr/bin/python3")
    return str(python.parent)


def test_without_git_no_stamp_is_said_and_why(checkout: Path, no_git: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet")
    why = "no tags of git's branch, commit and version: "
    assert run(checkout, PATH=no_git) == ({}, why + "git: No such file or directory\n")
    assert run(empty) == ({}, why + "there is no commit yet\n")
    lines, told = run(tmp_path)
    assert lines == {}
    assert told.startswith(why + "fatal: not a git repository")


def test_a_checkout_that_git_does_not_trust(checkout: Path) -> None:
    """It is somebody else's, as in a container that runs as root."""
    lines, told = run(checkout, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert lines == {}
    assert told.startswith("no tags of git's branch, commit and version: fatal: detected dubious ownership")
    assert f"git config --global --add safe.directory {checkout}" in told


def test_the_stamp_becomes_tags(tmp_path: Path) -> None:
    status = tmp_path / "stable-status.txt"
    status.write_text(
        "BUILD_EMBED_LABEL \nBUILD_USER me\n"
        "STABLE_GIT_BRANCH feature/ä b\nSTABLE_GIT_COMMIT 0123\nSTABLE_GIT_VERSION v1.2+cuda\n"
    )
    image = Planned("//:a", tmp_path, "", "", ("3.11", "3.11-cuda12"), ("fixed",), ())
    assert tags(image, stamp(status), ["rc1"]) == (
        "3.11-feature-b",
        "3.11-0123",
        "3.11-v1.2-cuda",
        "3.11-cuda12-feature-b",
        "3.11-cuda12-0123",
        "3.11-cuda12-v1.2-cuda",
        "3.11-rc1",
        "3.11-cuda12-rc1",
        "fixed",
    )
    plain = Planned("//:a", tmp_path, "", "", (), (), ())
    assert tags(plain, ["-.main-", "x" * 200], []) == ("main", "x" * 128)
    assert stamp(None) == stamp(tmp_path / "nothing") == []
