"""Layers and images as they come, and what is told of them."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan import elf
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.facts import Libraries, Library, read
from tools.image_run.testing import (
    Entry,
    file,
    folder,
    gzip_members,
    hardlink,
    single,
    special,
    symlink,
    tar,
)
from tools.layer_libraries.__main__ import main
from tools.layer_libraries.scan import scan_archive

Z = Spec(soname="libz.so.1", needed=("libc.so.6",), defined=("Z_1",))


def known(spec: Spec) -> Library:
    """What a file must be told to have."""
    data = write(spec)
    return Library(len(data), elf.read_stream(io.BytesIO(data)))


def look(folder: Path, *entries: Entry, compress: Callable[[bytes], bytes] = gzip.compress) -> Libraries:
    """What the tool says of one layer."""
    layer = folder / "layer.tar"
    layer.write_bytes(compress(tar(entries)))
    return read(run(folder, layer))


def run(folder: Path, *sources: Path) -> Path:
    """Has the tool write its output."""
    output = folder / "out.elf.json"
    main(["--output", str(output), *map(str, sources)])
    return output


def zstd(data: bytes) -> bytes:
    """Compresses with the program, as two frames."""
    halves = (data[:1000], data[1000:])
    return b"".join(
        subprocess.run(["zstd", "-cq"], input=each, capture_output=True, check=True).stdout for each in halves
    )


COMPRESSIONS = {"plain": bytes, "gzip": gzip.compress, "gzip members": gzip_members, "zstd": zstd}


@pytest.mark.parametrize("compress", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_any_compression(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    if compress is zstd and not shutil.which("zstd"):
        pytest.skip("no zstd")
    big = Spec(soname="libbig.so", padding=3 << 20)
    found = look(tmp_path, file("a/libbig.so", write(big)), file("a/z", write(Z)), compress=compress)
    assert found == Libraries("layer.tar", {"/a/libbig.so": known(big), "/a/z": known(Z)})


def test_every_kind_of_entry(tmp_path: Path) -> None:
    found = look(
        tmp_path,
        folder("./"),
        folder("./usr/lib"),
        file("./usr/lib/libz.so.1.2", write(Z)),
        symlink("./usr/lib/libz.so.1", "libz.so.1.2"),
        hardlink("./usr/lib/copy", "./usr/lib/libz.so.1.2"),
        hardlink("usr/lib/copy of a link", "usr/lib/libz.so.1"),
        hardlink("usr/lib/below", "usr/lib/in another layer"),
        file("usr/lib/libz.a", b"!<arch>\n"),
        hardlink("usr/lib/b.a", "usr/lib/libz.a"),
        file("usr/lib/broken.so", b"\x7fELF" + bytes(96)),
        file("usr/lib/short", b"\x7fE"),
        file("empty"),
        special("pipe", tarfile.FIFOTYPE),
        file("opt/.wh.old"),
        file("srv/.wh..wh..opq"),
    )
    assert found == Libraries(
        "layer.tar",
        files={"/usr/lib/libz.so.1.2": known(Z), "/usr/lib/copy": known(Z)},
        links={
            "/usr/lib/libz.so.1": "libz.so.1.2",
            "/usr/lib/copy of a link": "libz.so.1.2",
            "/usr/lib/below": "/usr/lib/in another layer",
        },
        others=("/empty", "/pipe", "/usr/lib/b.a", "/usr/lib/broken.so", "/usr/lib/libz.a", "/usr/lib/short"),
        whiteouts=("/opt/.wh.old", "/srv/.wh..wh..opq"),
        errors={"/usr/lib/broken.so": found.errors["/usr/lib/broken.so"]},
    )


def test_the_later_of_two_entries_counts(tmp_path: Path) -> None:
    found = look(
        tmp_path,
        file("a", write(Z)),
        file("b", b"text"),
        file("c", write(Z)),
        symlink("d", "a"),
        file("a", b"text"),
        file("b", write(Z)),
        symlink("c", "b"),
        folder("d"),
    )
    assert found == Libraries("layer.tar", {"/b": known(Z)}, {"/c": "b"}, others=("/a",))


def test_the_configuration_of_the_loader(tmp_path: Path) -> None:
    texts = {
        "etc/ld.so.conf": b"include ld.so.conf.d/*.conf\n",
        "etc/ld.so.conf.d/a.conf": b"/opt/\xff\n",
        "etc/other/b.conf": b"/opt/b\n",
        "usr/lib/x/ld.so.conf": b"/usr/lib/x\n",
        "etc/ld.so.cache": b"glibc-ld.so.cache1.1\0\xff\x80" + bytes(70000),
    }
    no_texts = {"etc/large.conf": b"#" * 70000, "etc/passwd": b"root", "srv/nginx.conf": b"/opt"}
    found = look(tmp_path, *(file(name, data) for name, data in (texts | no_texts).items()))
    assert found.conf == {f"/{name}": data.decode("utf-8", "surrogateescape") for name, data in texts.items()}
    assert found.others == tuple(sorted(f"/{name}" for name in texts | no_texts))


def test_owners_by_dpkg_whatever_side_of_the_merge_they_are_listed_at(tmp_path: Path) -> None:
    found = look(
        tmp_path,
        file("var/lib/dpkg/info/zlib1g:amd64.list", b"/.\n/lib/libz.so.1\n/usr/share/doc/z\n/gone\n"),
        symlink("lib", "usr/lib"),
        file("usr/lib/libz.so.1", write(Z)),
        file("lib/liby.so", write(Z)),
        symlink("usr/lib/liby.so.1", "liby.so"),
        file("usr/share/doc/z", b"text"),
        file("opt/libz.so.1", write(Z)),
        file("var/lib/dpkg/info/y.list", b"/usr/lib/liby.so\n/usr/lib/liby.so.1\n"),
        file("var/lib/dpkg/info/y.md5sums", b"/opt/libz.so.1\n"),
    )
    assert found.owners == {"/usr/lib/libz.so.1": "zlib1g", "/lib/liby.so": "y", "/usr/lib/liby.so.1": "y"}


def test_the_versions_of_packages(tmp_path: Path) -> None:
    status = b"""Package: a
Status: install ok installed
Description: a package
 Version: of nothing
Version: 1:2-3

Package: b
Status: deinstall ok config-files
Version: 1

Package: c
Status: install ok unpacked
Version: 1
"""
    distroless = b"Package: d\nVersion: 4\n"
    found = look(
        tmp_path,
        file("var/lib/dpkg/status", status),
        file("var/lib/dpkg/status.d/d", distroless),
        file("usr/share/status", distroless.replace(b"d", b"e")),
    )
    assert found.packages == {"a": "1:2-3", "d": "4"}


def test_an_image_is_its_layers_stacked(tmp_path: Path) -> None:
    below = [
        symlink("lib", "usr/lib"),
        file("usr/lib/libz.so.1", write(Z)),
        file("usr/lib/liby.so", write(Z)),
        file("usr/lib/broken", b"\x7fELF" + bytes(96)),
        file("etc/ld.so.conf", b"/below\n"),
        file("etc/gone.conf", b"/gone\n"),
        file("opt/gone/lib.so", write(Z)),
        file("var/lib/dpkg/info/z.list", b"/usr/lib/libz.so.1\n/usr/lib/liby.so\n"),
        file("var/lib/dpkg/status", b"Package: z\nVersion: 1\n"),
    ]
    above = [
        file("lib/libz.so.1", write(Spec())),
        file("usr/lib/broken", b"text"),
        file("etc/ld.so.conf", b"/above\n"),
        file("etc/.wh.gone.conf"),
        file("opt/.wh.gone"),
        symlink("usr/bin/y", "liby.so"),
        file("bin", write(Z)),
    ]
    layout = single(tmp_path / "image", below, above)
    expected = Libraries(
        "image",
        {"/bin": known(Z), "/usr/lib/liby.so": known(Z), "/usr/lib/libz.so.1": known(Spec())},
        {"/lib": "usr/lib", "/usr/bin/y": "liby.so"},
        ("/etc/ld.so.conf", "/usr/lib/broken", "/var/lib/dpkg/info/z.list", "/var/lib/dpkg/status"),
        conf={"/etc/ld.so.conf": "/above\n"},
        owners={"/usr/lib/liby.so": "z"},
        packages={"z": "1"},
    )
    assert read(run(tmp_path, layout)) == expected
    layers = [tmp_path / "below.tar", tmp_path / "image.tar"]
    for layer, entries in zip(layers, (below, above), strict=True):
        layer.write_bytes(tar(entries))
    assert read(run(tmp_path, *layers)).files == expected.files


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no tar at all" * 100, "not a whole tar"),
        (gzip.compress(tar([file("a", bytes(5000))]))[:-20], "cannot be decompressed"),
        (tar([file("a", write(Z))])[:700], "not a whole tar"),
        (tar([file("a/../../b", b"")]), "leaves the root"),
    ],
)
def test_a_broken_layer_is_an_error_and_leaves_no_output(data: bytes, message: str, tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar.gz"
    layer.write_bytes(data)
    with pytest.raises(ToolError, match=message) as caught:
        run(tmp_path, layer)
    assert str(layer) in str(caught.value)
    assert not (tmp_path / "out.elf.json").exists()


def test_the_same_layer_gives_the_same_bytes(tmp_path: Path) -> None:
    entries = [file("b", write(Z)), file("a", b"text"), symlink("c", "b"), symlink("d", "a")]
    outputs = []
    for number, order in enumerate((entries, entries[::-1])):
        place = tmp_path / str(number)
        place.mkdir()
        (place / "layer.tar").write_bytes(tar(order))
        outputs.append(run(place, place / "layer.tar").read_bytes())
    assert outputs[0] == outputs[1]


def test_the_files_of_a_package() -> None:
    data = tar([folder("./usr"), file("./usr/libz.so.1", write(Z)), file("./usr/a", b"text")])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = scan_archive(archive, "zlib1g_1_amd64.deb")
    assert found == Libraries("zlib1g_1_amd64.deb", {"/usr/libz.so.1": known(Z)}, others=("/usr/a",))
