"""The computed /etc/ld.so.cache against the one that the real ldconfig writes, byte for byte."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan.elf_writer import Spec, write
from tools.image_run.testing import single
from tools.ld_cache.__main__ import main
from tools.ld_cache.abi_note import oldest_kernel
from tools.ld_cache.cache import version_key
from tools.ld_cache.cases import CASES, LIB, Content, layer
from tools.ld_cache.tree import File, Tree

LDCONFIG = next(iter(path for path in ("/usr/sbin/ldconfig", "/sbin/ldconfig") if os.path.exists(path)), "")
CONF = {
    "etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n",
    "etc/ld.so.conf.d/libc.conf": b"# default\n/usr/local/lib\n",
    "etc/ld.so.conf.d/x86_64-linux-gnu.conf": b"/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n",
}


def computed(
    tmp_path: Path, layers: Sequence[Path | str], arch: str = "amd64"
) -> tuple[bytes, dict[str, str]]:
    """The cache and the links that are in the layer."""
    output = tmp_path / "out.tar.gz"
    main(["--arch", arch, "--output", str(output), *map(str, layers)])
    with tarfile.open(output) as archive:
        names = {member.name: member for member in archive}
        cache = names.pop("etc/ld.so.cache")
        assert (cache.mode, cache.uid, cache.gid, cache.mtime) == (0o644, 0, 0, 0)
        stream = archive.extractfile(cache)
        assert stream is not None
        return stream.read(), {name: member.linkname for name, member in names.items()}


def real(tmp_path: Path, layers: Sequence[Path], ldconfig: Path) -> tuple[bytes, dict[str, str]]:
    """What ldconfig makes of the layers, unpacked one over the other."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for path in layers:
        subprocess.run(["tar", "-C", root, "--no-same-owner", "-xzf", path], check=True)
    before = links(root)
    subprocess.run([ldconfig, "-r", root, "-i"], capture_output=True, check=True)
    after = links(root)
    return (root / "etc/ld.so.cache").read_bytes(), {
        name: target for name, target in after.items() if before.get(name) != target
    }


def links(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): os.readlink(path) for path in root.rglob("*") if path.is_symlink()}


def shown(tmp_path: Path, cache: bytes) -> list[str]:
    (tmp_path / "cache").write_bytes(cache)
    command = [LDCONFIG, "-p", "-C", str(tmp_path / "cache")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture(params=["machine", "bullseye"])
def ldconfig(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The machine's own ldconfig, and that of the last Debian whose caches are of the older kind."""
    if request.param == "machine":
        return Path(LDCONFIG)
    program = tmp_path / "ldconfig"
    with tarfile.open(os.environ["BULLSEYE"]) as archive:
        (member,) = (member for member in archive if member.name.endswith("sbin/ldconfig"))
        stream = archive.extractfile(member)
        assert stream is not None
        program.write_bytes(stream.read())
    program.chmod(0o755)
    return program


@pytest.fixture
def base(ldconfig: Path, tmp_path: Path) -> Path:
    """A merged-usr base with an ldconfig, whose way and signature the cache follows."""
    return layer(
        tmp_path / "base.tar.gz",
        {
            "usr": None,
            "lib": "usr/lib",
            "sbin": "usr/sbin",
            "usr/sbin/ldconfig": ldconfig.read_bytes(),
            **CONF,
            f"{LIB}/libc.so.6": Spec(soname="libc.so.6", needed=("ld-linux-x86-64.so.2",)),
            f"{LIB}/ld-linux-x86-64.so.2": Spec(soname="ld-linux-x86-64.so.2"),
            "usr/lib64/ld-linux-x86-64.so.2": "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            f"{LIB}/libz.so.1.2.13": Spec(soname="libz.so.1"),
            f"{LIB}/libz.so.1": "libz.so.1.2.13",
        },
    )


@pytest.mark.parametrize("case", CASES)
def test_ldconfig_writes_the_same_bytes(case: str, base: Path, ldconfig: Path, tmp_path: Path) -> None:
    layers = [base, layer(tmp_path / "more.tar.gz", CASES[case])]
    assert computed(tmp_path, layers) == real(tmp_path, layers, ldconfig)


@pytest.mark.parametrize("seed", range(25))
def test_ldconfig_writes_the_same_bytes_for_random_libraries(
    seed: int, base: Path, ldconfig: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    folders = [
        LIB,
        "usr/lib",
        "usr/local/lib",
        "opt/lib",
        f"{LIB}/glibc-hwcaps/x86-64-v{chance.randint(2, 4)}",
    ]
    entries: dict[str, Content] = {"etc/ld.so.conf.d/opt.conf": b"/opt/lib\n"}
    for _ in range(60):
        middle = chance.choice(["", "-", "_", "+", "2", "10", "A"])
        stem = f"lib{chance.choice('abcxyz')}{middle}{chance.choice('pq')}"
        soname = f"{stem}.so.{chance.randint(1, 12)}"
        name = soname + chance.choice(["", ".0", f".{chance.randint(1, 30)}", f".{chance.randint(1, 3)}.4"])
        folder = chance.choice(folders)
        entries.setdefault(f"{folder}/{name}", Spec(soname=chance.choice([soname, soname, soname, None])))
        if chance.random() < 0.6:
            entries.setdefault(f"{folder}/{soname}", name)
        if chance.random() < 0.2:
            entries.setdefault(f"{folder}/{stem}.so", soname)
    layers = [base, layer(tmp_path / "more.tar.gz", entries)]
    assert computed(tmp_path, layers)[0] == real(tmp_path, layers, ldconfig)[0]


def test_layers_hide_what_is_below_them(base: Path, tmp_path: Path) -> None:
    below = {f"opt/{name}/lib{name}.so": Spec(soname=f"lib{name}.so") for name in ("gone", "opaque", "kept")}
    above: dict[str, Content] = {
        "opt/gone/.wh.libgone.so": b"",
        "opt/opaque/libnew.so": Spec(soname="libnew.so"),
        "opt/opaque/.wh..wh..opq": b"",
        f"{LIB}/libz.so.1.2.13": b"no library any more",
        "etc/ld.so.conf.d/opt.conf": b"/opt/gone\n/opt/opaque\n/opt/kept\n",
    }
    layers = [base, layer(tmp_path / "1.tar.gz", below), layer(tmp_path / "2.tar.gz", above)]
    lines = shown(tmp_path, computed(tmp_path, layers)[0])
    found = {line.split()[0] for line in lines if "=>" in line}
    assert found == {"libnew.so", "libkept.so", "libc.so.6", "ld-linux-x86-64.so.2"}


def test_entries_below_linked_folders_and_hard_links(base: Path, tmp_path: Path) -> None:
    above: dict[str, Content] = {
        "./lib/x86_64-linux-gnu/libone.so.1.1": Spec(soname="libone.so.1"),
        "lib/x86_64-linux-gnu/libone.so.1": "=usr/lib/x86_64-linux-gnu/libone.so.1.1",
    }
    layers = [base, layer(tmp_path / "1.tar", above, packed=False)]
    cache, links = computed(tmp_path, layers)
    assert "libone.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libone.so.1" in "\n".join(
        shown(tmp_path, cache)
    )
    assert links == {}


def test_arm64(tmp_path: Path) -> None:
    lib = "usr/lib/aarch64-linux-gnu"
    entries: dict[str, Content] = {
        f"{lib}/libc.so.6": Spec(soname="libc.so.6", machine=183),
        f"{lib}/libarm.so.1": Spec(soname="libarm.so.1", flags=0x5000400, bits=32, machine=40),
        f"{lib}/libsoft.so.1": Spec(soname="libsoft.so.1", flags=0x5000200, bits=32, machine=40),
        f"{lib}/libintel.so.1": Spec(soname="libintel.so.1"),
    }
    cache, _ = computed(tmp_path, [layer(tmp_path / "1.tar.gz", entries)], "arm64")
    lines = [line.strip() for line in shown(tmp_path, cache) if "=>" in line]
    assert lines == [
        f"libsoft.so.1 (libc6,soft-float) => /{lib}/libsoft.so.1",
        f"libc.so.6 (libc6,AArch64) => /{lib}/libc.so.6",
        f"libarm.so.1 (libc6,hard-float) => /{lib}/libarm.so.1",
    ]


def test_without_an_ldconfig_there_is_no_signature(tmp_path: Path) -> None:
    entries = {f"{LIB}/liba.so.1": Spec(soname="liba.so.1")}
    cache, _ = computed(tmp_path, [layer(tmp_path / "1.tar.gz", entries)])
    assert b"generated" not in "\n".join(shown(tmp_path, cache)).encode()
    assert len(cache) % 4 == 0


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "no library for amd64"),
        ({f"{LIB}/liba.so": Spec(machine=183)}, "no library for amd64"),
        ({"../evil": b""}, "leaves the root"),
        ({"a": "=b"}, "hard link to /b, which is not a file"),
        ({"f": b"", "f/g": b""}, "used as a folder"),
    ],
)
def test_bad_stacks(entries: dict[str, Content], message: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=message):
        computed(tmp_path, [layer(tmp_path / "1.tar.gz", entries)])
    assert not (tmp_path / "out.tar.gz").exists()


def test_an_image_lies_below_the_layers(tmp_path: Path) -> None:
    low = layer(tmp_path / "1.tar.gz", {**CONF, "usr/lib/liba.so.1": Spec(soname="liba.so.1")})
    high = layer(tmp_path / "2.tar.gz", {"usr/lib/libb.so.1": Spec(soname="libb.so.1")})
    image = single(tmp_path / "image", gzip.decompress(low.read_bytes()))
    on_image = computed(tmp_path, ["--base", image, high])
    assert on_image == computed(tmp_path, [low, high])


def test_an_image_of_another_architecture_is_refused(tmp_path: Path) -> None:
    low = layer(tmp_path / "1.tar.gz", CONF)
    image = single(tmp_path / "image", gzip.decompress(low.read_bytes()))
    with pytest.raises(ToolError, match="the image is for linux/amd64, not linux/arm64"):
        computed(tmp_path, ["--base", image, low], "arm64")


@pytest.mark.parametrize("keep", [5, 100, -20])
def test_a_cut_layer_is_named(keep: int, base: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(base.read_bytes()[:keep])
    with pytest.raises(ToolError, match=r"not a whole|cannot be decompressed: \w") as caught:
        computed(tmp_path, [cut])
    assert str(cut) in str(caught.value)


def test_layers_of_several_gzip_members_are_read_to_their_end(base: Path, tmp_path: Path) -> None:
    plain = gzip.decompress(base.read_bytes())
    pieces = [plain[start : start + 5000] for start in range(0, len(plain), 5000)]
    many = tmp_path / "many.tar.gz"
    many.write_bytes(b"".join(gzip.compress(piece) for piece in pieces))
    assert computed(tmp_path, [many]) == computed(tmp_path, [base])


@pytest.mark.parametrize(
    ("at", "value", "kernel"),
    [
        (0, int.from_bytes(b"\x7fELF\2\1\1\0", "little"), 0x30201),
        (0, int.from_bytes(b"\x7fELF\1\1\1\0", "little"), 0),
        (32, (1 << 64) - 1, 0),
        (64 + 56 + 8, (1 << 64) - 1, 0),
        (64 + 56 + 8, 1 << 39, 0),
        (64 + 56 + 32, 31, 0),
        (64 + 56 + 32, (1 << 64) - 1, 0),
    ],
)
def test_broken_notes_are_no_notes(at: int, value: int, kernel: int) -> None:
    data = bytearray(write(Spec(soname="liba.so.1", oldest_kernel=(3, 2, 1))))
    data[at : at + 8] = value.to_bytes(8, "little")
    assert oldest_kernel(io.BytesIO(data)) == kernel
    assert oldest_kernel(io.BytesIO(data[:150])) == 0


def test_names_are_compared_as_the_loader_compares_them() -> None:
    order = ["liba", "liba.so", "liba.so.1", "liba.so.9", "liba.so.10", "libab.so", "liba1.so"]
    assert sorted(order, key=version_key) == order
    assert version_key("libx.so.01") == version_key("libx.so.1")


def test_a_tree_follows_links_inside_itself_only() -> None:
    tree = Tree()
    assert tree.node("/../..") is tree.root
    tree.root.entries["f"] = File(content=b"x")
    assert tree.content("/../f") == b"x"
    assert tree.content("/f/g") is None
