"""The reference: a root made by the real mmdebstrap, with no network, from an archive of the locked .debs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.equivalence.archive import Locked, make_archive
from tools.deb_part.excludes import read_excludes
from tools.image_run.unpack import can_set_owners


@dataclass(frozen=True)
class Reference:
    """A root, how long mmdebstrap took for it, and what it said."""

    root: Path
    seconds: float
    log: str


def mmdebstrap(folder: Path, locked: Locked, excludes: Path) -> Reference:
    """Makes FOLDER/root of the locked packages, under the path rules of our images."""
    source = make_archive(folder / "archive", locked)
    root = folder / "root"
    start = time.monotonic()
    done = subprocess.run(
        _command(root, locked, source, read_excludes(excludes).config()),
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    seconds = time.monotonic() - start
    assert done.returncode == 0, f"mmdebstrap failed:\n{done.stdout}"
    return Reference(root, seconds, done.stdout)


def _command(root: Path, locked: Locked, source: str, rules: str) -> Sequence[str | Path]:
    path_rules = [line.replace(" ", "=", 1) for line in rules.splitlines()]
    return [
        "mmdebstrap",
        "--verbose",
        f"--mode={'root' if can_set_owners() else 'unshare'}",
        "--format=directory",
        "--variant=apt",
        f"--architectures={locked.arch}",
        f"--include={','.join(locked.roots)}",
        *(f"--dpkgopt={rule}" for rule in path_rules),
        "--dpkgopt=force-unsafe-io",
        # /bin, /lib and /sbin become links where the suite has the package usr-is-merged.
        "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
        locked.suite,
        root,
        source,
    ]
