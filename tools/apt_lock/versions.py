"""Reads which symbol versions base libraries define, so that a message can say which suite would do."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.apt_lock.contents import MACHINES, folders
from tools.apt_lock.session import Session
from tools.common.errors import ToolError
from tools.deb_part.ar import members, open_tar
from tools.elf_scan.elf import MAGIC, Elf, ElfError, read_stream

# What programs built elsewhere ask versions of. Packages of these sonames are read whole: libm is in libc's.
BASE = (
    "libatomic.so.1",
    "libc.so.6",
    "libcrypt.so.1",
    "libgcc_s.so.1",
    "libgfortran.so.5",
    "libgomp.so.1",
    "libquadmath.so.0",
    "libssl.so.1.1",
    "libssl.so.3",
    "libstdc++.so.6",
    "libz.so.1",
)


def symbol_versions(session: Session, arch: str, packages: Mapping[str, str]) -> dict[str, set[str]]:
    """What the libraries define, by soname. apt fetches and checks their packages, as everything here."""
    wanted = sorted({packages[soname] for soname in BASE if soname in packages})
    if not wanted:
        return {}
    folder = session.root / "debs" / arch
    folder.mkdir(parents=True)
    session.run("apt-get", "download", *wanted, archs=[arch], folder=folder)
    found: dict[str, set[str]] = {}
    for deb in sorted(folder.iterdir()):
        for elf in _libraries(deb, arch):
            if elf.soname and elf.soname in packages and elf.version_definitions:
                found[elf.soname] = set(elf.version_definitions)
    return found


def _libraries(deb: Path, arch: str) -> Iterator[Elf]:
    """The libraries for the architecture that a package has where the loader looks."""
    inside = set(folders(arch))
    try:
        with deb.open("rb") as stream:
            data = members(stream, deb.stat().st_size)["data.tar"]
            with open_tar(stream, data) as archive:
                for entry in archive:
                    if not entry.isreg() or entry.name.removeprefix("./").rpartition("/")[0] not in inside:
                        continue
                    content = archive.extractfile(entry)
                    blob = content.read() if content else b""
                    if blob.startswith(MAGIC):
                        elf = read_stream(io.BytesIO(blob))
                        if (elf.machine, elf.bits) == MACHINES[arch]:
                            yield elf
    except ElfError as error:
        raise ToolError(f"{deb.name} has a library that cannot be read: {error}") from error
    except ToolError as error:
        raise ToolError(f"{deb.name} {error.problem}", remedy=error.remedy) from error
