"""Runs the lock command in a workspace of its own, on an archive of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.apt_lock.archive import Archive, Deb

INPUT: dict[str, Any] = {
    "version": 1,
    "suite": "bookworm",
    "merged_usr": True,
    "architectures": ["amd64", "arm64"],
    "components": ["main"],
    "sources": [
        {"archive": "debian", "suite": "bookworm"},
        {"archive": "debian", "suite": "bookworm-updates"},
        {"archive": "debian-security", "suite": "bookworm-security"},
    ],
    "sets": {
        "essential": {"essential": True, "roots": {"apt": "why"}},
        "base": {"on": "essential", "roots": {"certs": "why"}},
        "python": {"on": "base", "roots": {"python": "why"}},
    },
}

# What INPUT chooses from.
DEBS = [
    Deb("base-files", fields="Essential: yes\nPre-Depends: libc6\n"),
    Deb("libc6", "2.36-9", fields="Multi-Arch: same\n"),
    Deb("apt", "1:2.6", fields="Depends: libapt | libapt-other\nRecommends: extra\n"),
    Deb("libapt", "2.6+b1"),
    Deb("libapt-other"),
    Deb("extra"),
    Deb("certs", arch="all", fields="Depends: ssl\n"),
    Deb("ssl"),
    Deb("python", fields="Depends: libc6, ssl, sqlite (>= 2~)\n"),
    Deb("sqlite", "2.0"),
    Deb("clash", fields="Conflicts: libc6\n"),
]


class Locker:
    """The command, its input and the archive."""

    def __init__(self, folder: Path, debs: Sequence[Deb]) -> None:
        self.folder = folder
        self.archive = Archive(folder / "archive")
        self.archive.publish_all(debs)
        self.locks = folder / "apt/locks"
        self.locks.mkdir(parents=True)
        (folder / "tmp").mkdir()
        self.lock = self.locks / "bookworm.json"
        self.input(INPUT)

        self.decisions = folder / "decisions.json"
        self.decisions.write_text(json.dumps({"version": 1, "decisions": []}))

    def input(self, content: object) -> None:
        """Writes bookworm.in.json."""
        (self.locks / "bookworm.in.json").write_text(json.dumps(content))

    def run(
        self, *arguments: str, keyring: Path | None = None, umask: int = 0o022, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs the command in the workspace."""
        command, settings = self._command(arguments, keyring, env)
        return subprocess.run(command, env=settings, umask=umask, capture_output=True, text=True, check=False)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts the command as a terminal does, at the head of a process group; its output is lost."""
        command, settings = self._command(arguments, None, {})
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(command, env=settings, stdout=nowhere, stderr=nowhere, start_new_session=True)

    def _command(
        self, arguments: Sequence[str], keyring: Path | None, env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        mirrors = {name: [f"file://{self.archive.root}/{name}"] for name in ("debian", "debian-security")}
        found = self.folder / "mirrors.json"
        found.write_text(json.dumps({"archives": mirrors, "problem": "", "remedy": ""}))
        command = [sys.executable, "-m", "tools.apt_lock", "--mirrors", str(found), "--locks", "apt/locks"]
        command += ["--decisions", str(self.decisions)]
        command += ["--keyring", str(keyring or self.archive.keyring), *arguments]
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": ":".join(sys.path), **env}
        settings |= {
            "BUILD_WORKSPACE_DIRECTORY": str(self.folder),
            "BUILD_WORKING_DIRECTORY": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
        }
        return command, settings

    def ok(self, *arguments: str, **options: Any) -> str:
        """The output of a run that succeeds."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def error(self, *arguments: str, **options: Any) -> str:
        """One error; the lock that was there is untouched, and there is nothing beside it."""
        before = self.lock.read_bytes() if self.lock.exists() else None
        done = self.run(*arguments, **options)
        assert done.returncode == 1, done.stdout
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
        assert (self.lock.read_bytes() if self.lock.exists() else None) == before
        assert {path.name for path in self.locks.iterdir()} <= {"bookworm.in.json", "bookworm.json"}
        return done.stderr

    def content(self) -> dict[str, Any]:
        """The lock that was written."""
        content: dict[str, Any] = json.loads(self.lock.read_text())
        return content
