"""Small .debs for tests: good ones by the real dpkg-deb, bad ones by hand."""

import hashlib
import io
import lzma
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tools.common.errors import ToolError
from tools.deb_part.ar import members
from tools.deb_part.excludes import Excludes
from tools.deb_part.unpack import Expected, Facts, unpack

CONTROL = """\
Package: {name}
Version: {version}
Architecture: {arch}
Maintainer: Nobody <nobody@example.org>
Description: a package for tests
 with a second line
"""

REFRESH = "./refresh the-lock"
NO_EXCLUDES = Excludes(())


@dataclass(frozen=True)
class Built:
    """A .deb, and what a lock would say about it."""

    path: Path
    expected: Expected


@dataclass
class Content:
    """What goes into a .deb; the control file is completed with name, version and the like."""

    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    control: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)


FULL = Content(
    files={
        "bin/tool": "#!/bin/sh\n",
        "etc/tool.conf": "a = 1\n",
        "etc/tool.d/more.conf": "b = 2\n",
        "lib/tool/data": "x",
        "usr/bin/suid": "root",
        "usr/share/doc/tool/README": "read me",
        "usr/share/doc/tool/copyright": "free",
        "usr/share/doc/tool/examples/one": "1",
        "usr/share/locale/de/LC_MESSAGES/tool.mo": "de",
        "usr/share/locale/locale.alias": "alias",
        "usr/share/man/man1/tool.1": "manual",
        "usr/share/lintian/overrides/tool": "override",
    },
    links={
        "usr/bin/link": "../../bin/tool",
        "usr/share/doc/tool-data": "tool",
        "usr/share/man/man1/t.1": "tool.1",
    },
    modes={"bin/tool": 0o755, "usr/bin/suid": 0o4755, "usr/share/doc/tool": 0o2755},
    control="""\
Section: utils
Priority: optional
Source: tools (1.0-1)
Installed-Size: 7
Depends: libc6 (>=2.3),  a|b (<< 2) , c:any
Multi-Arch: same
Homepage: https://example.org/
Important: yes
Breaks: old ( <= 1 )
Bugs: mailto:bugs@example.org
Conflicts: never
Enhances: e
Origin: tests
Pre-Depends: p
Protected: yes
Provides: virtual (= 1)
Recommends: r
Replaces: old
Suggests: s
X-Own: kept
""",
    scripts={
        "conffiles": "/etc/tool.conf\n/etc/tool.d/more.conf\n",
        "postinst": "#!/bin/sh\nexit 0\n",
        "templates": "Template: tool/x\nType: note\nDescription: x\n",
        "triggers": "# comment\ninterest-noawait /usr/lib/tool\nactivate ldconfig\n",
    },
)


def build(
    folder: Path,
    name: str,
    content: Content,
    *,
    version: str = "1.0",
    arch: str = "amd64",
    compress: str = "xz",
) -> Built:
    """Builds a .deb with dpkg-deb."""
    root = folder / f"{name}.root"
    (root / "DEBIAN").mkdir(parents=True)
    for path, text in content.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for path, target in content.links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    for each in sorted(root.rglob("*")):
        if not each.is_symlink():
            each.chmod(content.modes.get(str(each.relative_to(root)), 0o755 if each.is_dir() else 0o644))
    root.chmod(0o755)
    (root / "DEBIAN/control").write_text(
        CONTROL.format(name=name, version=version, arch=arch) + content.control
    )
    for script, text in content.scripts.items():
        (root / "DEBIAN" / script).write_text(text)
        (root / "DEBIAN" / script).chmod(0o755 if text.startswith("#!") else 0o644)
    deb = folder / f"{name}_{version}_{arch}.deb"
    options = ["--root-owner-group", f"-Z{compress}", "--uniform-compression"]
    subprocess.run(["dpkg-deb", *options, "--build", root, deb], check=True, stdout=subprocess.DEVNULL)
    sha256 = hashlib.sha256(deb.read_bytes()).hexdigest()
    return Built(deb, Expected(name, version, arch, sha256, REFRESH))


def by_hand(
    folder: Path,
    members: Sequence[tarfile.TarInfo],
    *,
    control: str | bytes | None = None,
    data: bytes | None = None,
) -> Built:
    """Writes a .deb with these entries, whatever they are; `data` replaces data.tar.xz."""
    text = CONTROL.format(name="bad", version="1", arch="all") if control is None else control
    text = text.encode() if isinstance(text, str) else text
    packed = lzma.compress(tar([(member("./control", size=len(text)), text)]))
    content = lzma.compress(tar([(each, bytes(each.size)) for each in members])) if data is None else data
    blob = ar([("debian-binary", b"2.0\n"), ("control.tar.xz", packed), ("data.tar.xz", content)])
    path = folder / "bad_1_all.deb"
    path.write_bytes(blob)
    return Built(path, Expected("bad", "1", "all", hashlib.sha256(blob).hexdigest(), REFRESH))


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0, mode: int = 0o644
) -> tarfile.TarInfo:
    """An entry for `by_hand`."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, size, mode
    return info


def rearranged(built: Built, change: Callable[[str, bytes], bytes]) -> Built:
    """The same .deb with members changed by name, and a lock that has the new hash."""
    blob = built.path.read_bytes()
    found = [
        (each, blob[each.offset : each.offset + each.size])
        for each in members(io.BytesIO(blob), len(blob)).values()
    ]
    return relocked(built, ar([(each.name, change(each.name, data)) for each, data in found]))


def relocked(built: Built, blob: bytes) -> Built:
    """A .deb of other bytes, and a lock that has their hash."""
    path = built.path.with_suffix(".changed.deb")
    path.write_bytes(blob)
    return Built(path, replace(built.expected, sha256=hashlib.sha256(blob).hexdigest()))


def tar(entries: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar archive with exactly these entries."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def ar(members: Sequence[tuple[str, bytes]]) -> bytes:
    """An ar archive, as the outside of a .deb is one."""
    out = b"!<arch>\n"
    for name, data in members:
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) % 2)
        )
    return out


def part_of(built: Built, excludes: Excludes, *, merged_usr: bool = True) -> tuple[Facts, bytes]:
    """Unpacks a .deb with the code under test."""
    out = io.BytesIO()
    return unpack(built.path, out, built.expected, excludes, merged_usr=merged_usr), out.getvalue()


def refused(built: Built, excludes: Excludes = NO_EXCLUDES) -> str:
    """The error with which the code under test refuses a .deb; it names the package."""
    try:
        part_of(built, excludes)
    except ToolError as error:
        message = str(error)
    else:
        raise AssertionError(f"{built.path} was unpacked")
    expected = built.expected
    name = f"{expected.package} {expected.version} ({expected.architecture})"
    assert message.startswith(f"error: the .deb of {name} ")
    return message


def arguments(built: Built, part: Path, facts: Path) -> list[str]:
    """The command line of action DebPart."""
    expected = built.expected
    return [
        *("--deb", str(built.path), "--package", expected.package, "--version", expected.version),
        *("--architecture", expected.architecture, "--sha256", expected.sha256, "--merged-usr"),
        *("--refresh", expected.refresh),
        *("--excludes", "apt/policy/path-excludes.json", "--part", str(part), "--facts", str(facts)),
    ]
