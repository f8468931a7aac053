"""The facts of a .deb are those of its files once they are installed."""

from __future__ import annotations

import lzma
import tarfile
from pathlib import Path

from tools.deb_part.debs import CONTROL, ar, member, tar
from tools.elf_scan.elf_writer import Spec, write
from tools.pkgdeps.deb import deb_facts, with_alternatives

FOLDER = "/usr/lib/x86_64-linux-gnu"


def blas(folder: Path) -> Path:
    """A package with a library and a link in a folder of its own."""
    blob = write(Spec("libblas.so.3", needed=["libc.so.6"]))
    control = CONTROL.format(name="libblas3", version="1:3.11", arch="amd64").encode()
    own = f".{FOLDER}/blas"
    data = [
        (member(f"{own}/libblas.so.3.11", size=len(blob)), blob),
        (member(f"{own}/libblas.so.3", tarfile.SYMTYPE, "libblas.so.3.11"), b""),
        (member("./usr/share/doc/libblas3/copyright", size=4), b"free"),
    ]
    parts = [
        ("control.tar.xz", lzma.compress(tar([(member("./control", size=len(control)), control)]))),
        ("data.tar.xz", lzma.compress(tar(data))),
    ]
    path = folder / "libblas3_1%3a3.11_amd64.deb"
    path.write_bytes(ar([("debian-binary", b"2.0\n"), *parts]))
    return path


def test_files_and_links_belong_to_the_package(tmp_path: Path) -> None:
    facts = deb_facts(blas(tmp_path), "libblas3")
    library, link = f"{FOLDER}/blas/libblas.so.3.11", f"{FOLDER}/blas/libblas.so.3"
    assert facts.files[library].elf.soname == "libblas.so.3"
    assert facts.links == {link: "libblas.so.3.11"}
    assert facts.owners == {library: "libblas3", link: "libblas3"}
    assert facts.packages == {"libblas3": "1:3.11"}
    assert facts.others == ("/usr/share/doc/libblas3/copyright",)


def test_alternatives_are_linked_where_the_loader_looks(tmp_path: Path) -> None:
    facts = deb_facts(blas(tmp_path), "libblas3")
    linked = with_alternatives(facts, ["libblas.so.3", "libnone.so.1"], [FOLDER, "/usr/lib"])
    link = f"{FOLDER}/libblas.so.3"
    assert linked.links == {**facts.links, link: f"{FOLDER}/blas/libblas.so.3"}
    assert linked.owners[link] == "libblas3"
    assert with_alternatives(linked, ["libblas.so.3"], [FOLDER]) == linked


def test_what_lies_where_the_loader_looks_needs_no_link(tmp_path: Path) -> None:
    facts = deb_facts(blas(tmp_path), "libblas3")
    assert with_alternatives(facts, ["libblas.so.3"], [FOLDER + "/blas"]) == facts
