#!/usr/bin/env python3
"""Says of a git checkout what becomes tags of images: branch, commit and version.

Bazel invokes it as `--workspace_status_command=tools/stamp/workspace_status.py` before each build, in the
workspace. It prints

    STABLE_GIT_BRANCH main
    STABLE_GIT_COMMIT 0123...    (with -dirty, if files are not as they were committed)
    STABLE_GIT_VERSION v1.2      (the git tag at the commit; of several the highest, and a release before its
                                 candidates, v1.2-rc1; none of what is dirty)

and nothing where there is no git, or no commit: a build needs neither, and Bazel shows why on stderr. Of a
commit without a branch, as CI checks it out, STAMP_BRANCH names the branch. Copy the file into another
workspace: it stands alone.
"""

from __future__ import annotations

import os
import subprocess
import sys


class GitError(Exception):
    """What git says when it fails."""


def git(*arguments: str) -> str:
    """What a git command prints."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environ, capture_output=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise GitError(f"git: {error.strerror}") from None
    if done.returncode:
        raise GitError(done.stderr.strip())
    return done.stdout.strip()


def head() -> str:
    """The commit that is checked out; empty if there is none to be had."""
    try:
        return git("rev-parse", "--verify", "HEAD")
    except GitError as error:
        reason = "there is no commit yet" if "Needed a single revision" in str(error) else error
        print(f"no tags of git's branch, commit and version: {reason}", file=sys.stderr)
        return ""


def branch() -> str:
    """The branch; empty if the commit was checked out without one."""
    try:
        # Not --short: where a tag has the same name, that is heads/main.
        name = os.environ.get("STAMP_BRANCH") or git("symbolic-ref", "--quiet", "HEAD")
    except GitError:
        return ""
    return name.removeprefix("refs/heads/")


def is_dirty() -> bool:
    """Whether files are not as they were committed; what git can't tell counts as changed."""
    try:
        return bool(git("status", "--porcelain"))
    except GitError as error:
        print(f"the commit counts as dirty: {error}", file=sys.stderr)
        return True


def version() -> str:
    """The highest git tag at the commit; empty if it has none."""
    # Without the suffix git has v1.2-rc1 above v1.2.
    words = ["tag", "--points-at", "HEAD", "--no-column", "--sort=-version:refname"]
    try:
        return git("-c", "versionsort.suffix=-", *words).partition("\n")[0]
    except GitError:
        return ""


def status() -> dict[str, str]:
    """The lines that are to be said."""
    commit = head()
    if not commit:
        return {}
    dirty = is_dirty()
    said = {
        "STABLE_GIT_BRANCH": branch(),
        "STABLE_GIT_COMMIT": commit + ("-dirty" if dirty else ""),
        "STABLE_GIT_VERSION": "" if dirty else version(),
    }
    return {key: value for key, value in said.items() if value}


if __name__ == "__main__":
    for key, value in status().items():
        print(key, value)
