"""What the real dpkg makes of .debs for any architecture: all but what maintainer scripts would do.

Scripts start programs for the CPU of the image, so dpkg is given the .debs without them, and they are put
into its database afterwards. What is left of its work is unpacking under path rules, conffiles and database.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.equivalence.archive import Locked

_SCRIPTS = frozenset(("preinst", "postinst", "prerm", "postrm", "config"))
_FORCE = "--force-architecture,depends,unsafe-io,overwrite-dir"


def unscripted(folder: Path, locked: Locked, rules: str, links: Mapping[str, str]) -> Path:
    """Makes FOLDER/dpkg of the locked packages, with some links that are there before any package."""
    root = folder / "dpkg"
    (root / "var/lib/dpkg").mkdir(parents=True)
    for path, target in links.items():
        (root / target).mkdir(parents=True)
        (root / path).symlink_to(target)
    (root / "var/lib/dpkg/arch").write_text(f"{locked.arch}\n")
    debs, scripts = [], {}
    for deb in locked.debs:
        debs.append(folder / f"{deb.package}.deb")
        data, scripts[deb.package] = split_scripts(deb.path)
        debs[-1].write_bytes(data)
    done = subprocess.run(
        ["dpkg", f"--root={root}", "--log=/dev/null", _FORCE, *_options(rules), "--install", *debs],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},  # it insists on programs that scripts would call
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    for deb_file in debs:
        deb_file.unlink()
    for package, texts in scripts.items():
        _add_scripts(root / "var/lib/dpkg/info", package, texts)
    return root


def split_scripts(deb: Path) -> tuple[bytes, Mapping[str, bytes]]:
    """The same .deb without its maintainer scripts, and those."""
    control, scripts = io.BytesIO(), {}
    with (
        tarfile.open(fileobj=io.BytesIO(_dpkg_deb("--ctrl-tarfile", deb))) as old,
        tarfile.open(fileobj=control, mode="w") as new,
    ):
        for member in old:
            name, content = member.name.removeprefix("./"), old.extractfile(member)
            if name in _SCRIPTS and content:
                scripts[name] = content.read()
            else:
                new.addfile(member, content)
    data = _dpkg_deb("--fsys-tarfile", deb)
    members = (("debian-binary", b"2.0\n"), ("control.tar", control.getvalue()), ("data.tar", data))
    return b"!<arch>\n" + b"".join(_member(name, content) for name, content in members), scripts


def _add_scripts(info: Path, package: str, scripts: Mapping[str, bytes]) -> None:
    (listing,) = [path for path in info.glob(f"{package}*.list") if path.stem.split(":")[0] == package]
    for name, content in scripts.items():
        path = listing.with_suffix(f".{name}")
        path.write_bytes(content)
        path.chmod(0o755)


def _options(rules: str) -> Iterable[str]:
    return (f"--{rule.replace(' ', '=', 1)}" for rule in rules.splitlines())


def _dpkg_deb(option: str, deb: Path) -> bytes:
    return subprocess.run(["dpkg-deb", option, deb], stdout=subprocess.PIPE, check=True).stdout


def _member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return head + content + b"\n" * (len(content) % 2)
