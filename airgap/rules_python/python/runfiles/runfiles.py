"""Finds runfiles by the name of their repository, as a BUILD file spells it.

    runfiles = Runfiles.Create()
    path = runfiles.Rlocation("_main/tests/data.txt")
    path = runfiles.Rlocation("other_module/tool")

The tree is RUNFILES_DIR, which the stub of every Python target sets; a lone manifest is not read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_MAIN = "_main"


class Runfiles:
    """A runfiles tree and the names that repositories have for each other."""

    def __init__(self, tree: str) -> None:
        self._tree = os.path.abspath(tree)
        self._mapping = _read_mapping(os.path.join(self._tree, "_repo_mapping"))

    @staticmethod
    def Create(env: Mapping[str, str] | None = None) -> Runfiles | None:
        """Returns the runfiles that the environment names, or None."""
        tree = (os.environ if env is None else env).get("RUNFILES_DIR")
        return Runfiles(tree) if tree else None

    @staticmethod
    def CreateDirectoryBased(runfiles_dir_path: str) -> Runfiles:
        """Returns the runfiles in a folder."""
        return Runfiles(runfiles_dir_path)

    def Rlocation(self, path: str, source_repo: str | None = None) -> str | None:
        """Returns where a runfile is; whether it exists is for the caller to see.

        Args:
            path: repository/package/file; an absolute path is returned as it is.
            source_repo: canonical name of the repository whose names `path` uses; the caller's by default.
        """
        if not isinstance(path, str):
            raise TypeError("path is no str")
        if os.path.isabs(path):
            return path
        if not path or any(part in ("", ".", "..") for part in path.split("/")):
            raise ValueError(f"path is not normalized: {path!r}")
        repository, slash, rest = path.partition("/")
        if slash and self._mapping:
            source = self.CurrentRepository(frame=2) if source_repo is None else source_repo
            repository = self._canonical(source, repository)
        return os.path.join(self._tree, repository + slash + rest)

    def EnvVars(self) -> dict[str, str]:
        """The variables that let a child process, built by Bazel too, find the same tree."""
        return {"JAVA_RUNFILES": self._tree, "RUNFILES_DIR": self._tree}

    def CurrentRepository(self, frame: int = 1) -> str:
        """The canonical name of the repository that the caller's file is in; empty for the main one."""
        file = os.path.abspath(sys._getframe(frame).f_code.co_filename)
        if not file.startswith(self._tree + os.sep):
            raise ValueError(f"{file} is not in the runfiles tree {self._tree}")
        repository = os.path.relpath(file, self._tree).split(os.sep)[0]
        return "" if repository == _MAIN else repository

    def _canonical(self, source: str, apparent: str) -> str:
        exact = self._mapping.get((source, apparent))
        if exact is not None:
            return exact
        for (prefix, name), canonical in self._mapping.items():
            if name == apparent and prefix.endswith("*") and source.startswith(prefix[:-1]):
                return canonical
        return apparent


def _read_mapping(path: str) -> dict[tuple[str, str], str]:
    """Reads `source,apparent,canonical` lines; a source may end with * and is a prefix then."""
    try:
        with open(path, encoding="utf-8") as file:
            rows = [line.rstrip("\n").split(",") for line in file]
    except FileNotFoundError:
        return {}
    return {(source, apparent): canonical for source, apparent, canonical in rows}


def CreateDirectoryBased(runfiles_dir_path: str) -> Runfiles:
    """The static method of `Runfiles`."""
    return Runfiles.CreateDirectoryBased(runfiles_dir_path)


def Create(env: Mapping[str, str] | None = None) -> Runfiles | None:
    """The static method of `Runfiles`."""
    return Runfiles.Create(env)
