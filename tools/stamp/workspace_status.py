#!/usr/bin/env python3
"""Says of a git checkout what becomes tags of images: branch, commit and version.

Bazel invokes it as `--workspace_status_command=tools/stamp/workspace_status.py` before each build, in the
workspace. It prints

    STABLE_GIT_BRANCH main
    STABLE_GIT_COMMIT 0123...    (with -dirty, if files are not as they were committed)
    STABLE_GIT_VERSION v1.2      (the git tag at the commit; of several the highest; none of what is dirty)

and nothing where there is no git, or no commit: a build needs neither. Of a commit without a branch, as CI
checks it out, STAMP_BRANCH names the branch. Copy the file into another workspace: it stands alone.
"""

from __future__ import annotations

import os
import subprocess


def git(*arguments: str) -> str:
    """What a git command prints; empty if it fails."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def status() -> dict[str, str]:
    """The lines that are to be said."""
    commit = git("rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return {}
    dirty = git("status", "--porcelain")
    said = {
        "STABLE_GIT_BRANCH": os.environ.get("STAMP_BRANCH")
        or git("symbolic-ref", "--quiet", "--short", "HEAD"),
        "STABLE_GIT_COMMIT": commit + ("-dirty" if dirty else ""),
    }
    if not dirty:
        tags = git("tag", "--points-at", "HEAD", "--sort=-version:refname").splitlines()
        said["STABLE_GIT_VERSION"] = tags[0] if tags else ""
    return {key: value for key, value in said.items() if value}


if __name__ == "__main__":
    for key, value in status().items():
        print(key, value)
