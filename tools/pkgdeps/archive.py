"""The archive as apt sees it from an image's base: what it would install on top, and the .debs themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tools.apt_lock.apt import Apt, Record, printed_uris
from tools.apt_lock.session import Session
from tools.common.errors import ToolError


class Archive:
    """An archive whose lists were fetched, for one architecture.

    Args:
        session: apt's programs.
        arch: Debian's name of the architecture.
        status: dpkg's status file in the base.
        refresh: the command that writes the base's lock anew.
    """

    def __init__(self, session: Session, arch: str, status: Path, refresh: str) -> None:
        self._session, self._arch, self.refresh = session, arch, refresh
        self._status = {"Dir::State::status": str(status.resolve())}
        text = status.read_text(encoding="utf-8")
        self.installed = frozenset(re.findall(r"^Package: (\S+)$", text, re.MULTILINE))

    def download(self, names: Sequence[str]) -> Iterator[tuple[str, Path]]:
        """Fetches packages, whose hashes apt checks; each file is there until the next is asked for."""
        folder = self._session.root / "wanted" / self._arch
        folder.mkdir(parents=True, exist_ok=True)
        self._run("download", *names, folder=folder)
        for name in names:
            (deb,) = folder.glob(f"{name}_*.deb")
            yield name, deb
            deb.unlink()

    def named(self, names: Sequence[str]) -> dict[str, Record]:
        """What the index has of packages; without those that they depend on."""
        return self._records(printed_uris(self._run("download", "--print-uris", *names))) if names else {}

    def closure(self, roots: Sequence[str]) -> dict[str, Record]:
        """What apt would install on the base to install `roots`.

        Raises:
            ToolError: it would change what the base has.
        """
        if not roots:
            return {}
        self._check(self._run("install", "--simulate", *roots), roots)
        return self._records(printed_uris(self._run("install", "--print-uris", "--yes", *roots)))

    def _check(self, simulated: str, roots: Sequence[str]) -> None:
        upgraded = re.findall(r"^Inst (\S+) \[([^\]]+)\] \((\S+)", simulated, re.MULTILINE)
        removed = re.findall(r"^Remv (\S+)", simulated, re.MULTILINE)
        changes = [f"upgrade {name} from {old} to {new}" for name, old, new in upgraded]
        changes += [f"remove {name}" for name in removed]
        if changes:
            raise ToolError(
                f"the base's lock is older than the archive: to install {', '.join(roots)} for {self._arch}, "
                f"apt would {'; '.join(changes)}",
                remedy=f"Write the base's lock anew: {self.refresh}",
            )

    def _records(self, uris: Mapping[str, str]) -> dict[str, Record]:
        return Apt(self._session).records(uris, self._arch)

    def _run(self, *arguments: str, folder: Path | None = None) -> str:
        try:
            return self._session.run(
                "apt-get", *arguments, archs=[self._arch], settings=self._status, folder=folder
            )
        except ToolError as error:
            if "Unable to locate package" not in error.problem:
                raise
            raise ToolError(
                error.problem,
                remedy="The index of libraries names a package that the archive no longer has. "
                f"Write both anew: {self.refresh}",
            ) from error
