"""Writes wheel locks: `./bazelw run //venv:lock -- [--check] [--upgrade] [--folder FOLDER] [NAME...]`.

For each NAME, FOLDER/NAME.in is resolved for every platform and every Python from the one in its line
`# python: 3.11` on (3.9 without), and FOLDER/NAME.txt replaced; a line `# pythons: 3.9 3.11` makes one for
each, NAME_py39.txt and NAME_py311.txt. Packages come from the index that pip is set up for, and from where
the source says besides. Without NAME, all locks. Bazel sets UV, the files of uv's wheel, LOCK_COMMAND, how
this program is started from the workspace, and BUILD_WORKSPACE_DIRECTORY.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.pip_lock import lockfile, pip_config, source
from tools.pip_lock.difference import difference, summary
from tools.pip_lock.resolver import Uv, resolve

FOLDER = "venv/locks"

_EPILOG = """\
what FOLDER/NAME.in may have, besides requirements:
  # python: 3.11           one lock, for every Python from that one on; 3.9 without such a line
  # pythons: 3.9 3.11.2    a lock for each, NAME_py39.txt and NAME_py311.txt
  # sdist: NAME ...        these may be locked although they have no wheel
  --index-url, --extra-index-url, --find-links    where packages come from; the lock has these lines too

exit code: 0, or 1 when something is wrong or, with --check, a lock is stale
"""


@dataclass(frozen=True)
class Workspace:
    """Where the locks are, and what a person types to write them."""

    root: Path
    folder: str
    command: str

    @property
    def locks(self) -> Path:
        """The folder of the locks."""
        return self.root / self.folder

    def refresh(self, names: Sequence[str]) -> str:
        """The command that writes some locks."""
        options = [] if self.folder == FOLDER else ["--folder", self.folder]
        return " ".join([self.command, *map(shlex.quote, [*options, *names])]).removesuffix(" --")

    def names(self) -> list[str]:
        """The locks that there are."""
        return sorted(path.stem for path in self.locks.glob("*.in"))


@dataclass(frozen=True)
class File:
    """A file that has changed: its text before and after; none after it is removed."""

    path: Path
    old: str
    new: str | None


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=command,
        description="Write locks of Python packages: names, versions and hashes of what a source asks for.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="FOLDER/NAME.in is the source; default: all")
    parser.add_argument(
        "--folder", default=FOLDER, help=f"where sources and locks are, in the workspace; default: {FOLDER}"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a lock is stale")
    parser.add_argument(
        "--upgrade", action="store_true", help="move to the newest versions, not only where needed"
    )
    return parser


def _workspace(folder: str, command: str) -> Workspace:
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not root:
        raise ToolError("not started by Bazel", remedy=f"{command} NAME")
    inside = Path(os.path.normpath(folder))
    if inside.is_absolute() or ".." in inside.parts:
        raise ToolError(
            f"--folder {folder} is not in the workspace", remedy="name it relative to the workspace"
        )
    if not (Path(root) / inside).is_dir():
        raise ToolError(
            "there is no such folder", file=folder, remedy="name that of the locks: --folder FOLDER"
        )
    if (Path(root) / "bazelw").exists():
        command = re.sub(r"^bazel ", "./bazelw ", command)
    return Workspace(Path(root), inside.as_posix(), command)


def _uv() -> Uv:
    programs = [Path(name).resolve() for name in os.environ.get("UV", "").split() if Path(name).name == "uv"]
    if not programs:
        raise ToolError(
            "the uv wheel has no program named uv", remedy="lock another version of uv in venv/locks/tools.in"
        )
    shown = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    if shown.returncode:
        raise ToolError(
            f"pip can't show its configuration\n{shown.stderr.strip()}", remedy="install python3-pip"
        )
    return Uv(programs[0], pip_config.parse(shown.stdout.splitlines()), os.environ)


def _source(workspace: Workspace, name: str) -> source.Source:
    known = workspace.names()
    shown = f"{workspace.folder}/{name}.in"
    if name not in known:
        remedy = (
            f"there are: {', '.join(known)}" if known else "write it, or name the folder: --folder FOLDER"
        )
        raise ToolError("no such source of a lock", file=shown, remedy=remedy)
    read = source.read(workspace.locks, name, shown)
    for lock in read.locks:
        if Path(lock).stem != name and Path(lock).stem in known:
            raise ToolError(
                f"writes {lock}, and so does {Path(lock).stem}.in", file=shown, remedy="give one another name"
            )
    return read


def _stale(workspace: Workspace, wanted: source.Source) -> list[File]:
    """Locks that the source made once and makes no more."""
    found = []
    for path in sorted(workspace.locks.glob(f"{wanted.name}*.txt")):
        own = re.fullmatch(rf"{re.escape(wanted.name)}(_py3\d+)?", path.stem)
        if (
            own
            and path.name not in wanted.locks
            and (path.stem == wanted.name or path.stem not in workspace.names())
        ):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [File(path, text, None)] if lockfile.is_lock(text) else []
    return found


def _refresh(uv: Uv, workspace: Workspace, wanted: source.Source, count: str, *, upgrade: bool) -> list[File]:
    """Resolves a source for all its targets; nothing is written yet."""
    files = []
    for lock, target in wanted.locks.items():
        print(f"[{count}] {workspace.folder}/{lock}: resolving for {target}", file=sys.stderr, flush=True)
        path = workspace.locks / lock
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        # A lock for one Python starts from the lock that was for all.
        start = path if old else workspace.locks / f"{wanted.name}.txt"
        kept = lockfile.entries(start.read_text(encoding="utf-8")) if start.exists() else []
        pins = resolve(uv, workspace.locks, wanted, target, kept, upgrade=upgrade)
        text = lockfile.render(workspace.refresh([wanted.name]), wanted.options, pins)
        files.append(File(path, old, lockfile.checked(text, wanted.options, wanted.file)))
    return files + _stale(workspace, wanted)


def _tell(workspace: Workspace, file: File, *, check: bool) -> bool:
    """Says what changed, if anything; True if so."""
    shown = file.path.relative_to(workspace.root)
    if file.new is None:
        print(
            f"{shown}: {'to be removed' if check else 'removed'}, for its source makes no such lock any more"
        )
        return True
    lines = difference(file.old, file.new)
    print(f"{shown}: {summary(file.old, file.new)}")
    print("\n".join(f"  {line}" for line in lines or ["nothing has changed"]), flush=True)
    return bool(lines)


def main() -> int:
    """Writes or checks the locks; says what changed."""
    command = os.environ.get("LOCK_COMMAND", "./bazelw run //venv:lock --")
    arguments = _parser(command).parse_args()
    workspace = _workspace(arguments.folder, command)
    names = arguments.names or workspace.names()
    sources = [_source(workspace, name) for name in names]
    uv = _uv()
    stale = []
    for number, wanted in enumerate(sources, 1):
        files = _refresh(uv, workspace, wanted, f"{number}/{len(sources)}", upgrade=arguments.upgrade)
        changed = [file for file in files if _tell(workspace, file, check=arguments.check)]
        stale += [wanted.name] if changed else []
        for file in [] if arguments.check else changed:
            if file.new is None:
                file.path.unlink()
            else:
                lockfile.replace(file.path, file.new)
    if stale and arguments.check:
        print(f"stale; refresh: {workspace.refresh(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
