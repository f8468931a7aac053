"""Layers for the tests: each case is a set of entries that ldconfig treats in a way of its own."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tools.elf_scan.elf_writer import Spec, write

Content = str | bytes | Spec | None
LIB = "usr/lib/x86_64-linux-gnu"


def layer(path: Path, entries: Mapping[str, Content], packed: bool = True) -> Path:
    """A layer: text is a symbolic link (`=NAME` a hard one), None a folder, bytes and Spec are files."""
    with tarfile.open(path, "w:gz", compresslevel=1) if packed else tarfile.open(path, "w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            data = write(content) if isinstance(content, Spec) else content
            if data is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(data, str):
                info.type = tarfile.LNKTYPE if data.startswith("=") else tarfile.SYMTYPE
                info.linkname = data.removeprefix("=")
            else:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if isinstance(data, bytes) else None)
    return path


CASES: dict[str, dict[str, Content]] = {
    "nothing more": {},
    "folders of the configuration come before the system's": {
        "etc/ld.so.conf.d/000_cuda.conf": b"/usr/local/cuda/lib64\n",
        "usr/local/cuda": "/etc/alternatives/cuda",
        "etc/alternatives/cuda": "/usr/local/cuda-12.8",
        "usr/local/cuda-12.8/lib64": "targets/lib",
        "usr/local/cuda-12.8/targets/lib/libcudart.so.12.8.90": Spec(soname="libcudart.so.12"),
        "usr/local/cuda-12.8/targets/lib/libcudart.so.12": "libcudart.so.12.8.90",
        "usr/local/cuda-12.8/targets/lib/libz.so.1": Spec(soname="libz.so.1"),
    },
    "one folder by two names": {
        "etc/ld.so.conf.d/a.conf": b"/opt/b\n/opt/a\n",
        "opt/a/libx.so.1": Spec(soname="libx.so.1"),
        "opt/b": "a",
    },
    "numbers are compared as numbers": {
        **{f"{LIB}/libn.so.{number}": Spec(soname=f"libn.so.{number}") for number in (1, 9, 10, 100, 20)},
        **{f"{LIB}/libn{letter}.so": Spec() for letter in ("", "a", "_", "-x", "++", "1", "12", "2b")},
    },
    "the newest of one soname": {
        f"{LIB}/libx.so.1.{number}": Spec(soname="libx.so.1") for number in (9, 10, 2)
    },
    "missing links are made": {f"{LIB}/libx.so.1.5": Spec(soname="libx.so.1")},
    "links to older files are moved": {
        f"{LIB}/libx.so.1.5": Spec(soname="libx.so.1"),
        f"{LIB}/libx.so.1.6": Spec(soname="libx.so.1"),
        f"{LIB}/libx.so.1": "libx.so.1.5",
    },
    "dangling links are replaced": {
        f"{LIB}/libx.so.1.5": Spec(soname="libx.so.1"),
        f"{LIB}/libx.so.1": "libx.so.1.4",
    },
    "links for developers, plain and strange": {
        f"{LIB}/libx.so.1": Spec(soname="libx.so.1"),
        f"{LIB}/libx.so": "libx.so.1",
        f"{LIB}/liby.so": "libx.so.1",
        f"{LIB}/libw.so": "implementation.bin",
        f"{LIB}/implementation.bin": Spec(soname="libw.so.3"),
    },
    "oldest kernels": {
        f"{LIB}/libx.so.1": Spec(soname="libx.so.1", oldest_kernel=(3, 7, 10)),
        f"{LIB}/liby.so.1": Spec(soname="liby.so.1", oldest_kernel=(2, 300, 1), isa_needed=3),
    },
    "no soname": {f"{LIB}/libplain.so": Spec(), f"{LIB}/libother.so.2": "libplain.so"},
    "alternatives": {
        f"{LIB}/blas/libblas.so.3.11": Spec(soname="libblas.so.3"),
        f"{LIB}/blas/libblas.so.3": "libblas.so.3.11",
        "etc/alternatives/libblas.so.3": f"/{LIB}/blas/libblas.so.3",
        f"{LIB}/libblas.so.3": "/etc/alternatives/libblas.so.3",
    },
    "files that are no libraries": {
        f"{LIB}/libscript.so": b"/* GNU ld script */ GROUP ( libc.so.6 )",
        f"{LIB}/libempty.so": b"",
        f"{LIB}/libcut.so": write(Spec(soname="libcut.so"))[:90],
        f"{LIB}/libobject.so": Spec(type=1),
        f"{LIB}/libprogram.so": Spec(type=2),
        f"{LIB}/libstatic.so": Spec(dynamic=False),
        f"{LIB}/module.so": Spec(),
        f"{LIB}/libfolder.so": None,
        f"{LIB}/libdangling.so.1": "nowhere",
        f"{LIB}/libloop.so.1": "libloop.so.1",
    },
    "other classes and machines": {
        "usr/lib32/libc.so.6": Spec(soname="libc.so.6", interpreter="/lib/ld-linux.so.2", bits=32, machine=3),
        "etc/ld.so.conf.d/32.conf": b"/lib32\n/libx32\n",
        "lib32": "usr/lib32",
        "libx32": "usr/libx32",
        "usr/lib32/liba.so.1": Spec(soname="liba.so.1", needed=("libc.so.6",), bits=32, machine=3),
        "usr/libx32/libz.so.1": Spec(soname="libz.so.1", bits=32),
        f"{LIB}/libarm.so.1": Spec(soname="libarm.so.1", machine=183),
    },
    "glibc-hwcaps": {
        f"{LIB}/glibc-hwcaps/x86-64-v3/libz.so.1.2.13": Spec(soname="libz.so.1", isa_needed=4),
        f"{LIB}/glibc-hwcaps/x86-64-v2/libz.so.1.2.13": Spec(soname="libz.so.1", isa_needed=3),
        f"{LIB}/glibc-hwcaps/x86-64-v2/libz.so.1": "libz.so.1.2.13",
        f"{LIB}/glibc-hwcaps/x86-64-v4/only-a-folder": None,
        f"{LIB}/glibc-hwcaps/.hidden/libz.so.1": Spec(soname="libz.so.1"),
        f"{LIB}/glibc-hwcaps/not:this/libz.so.1": Spec(soname="libz.so.1"),
        f"{LIB}/glibc-hwcaps/file": b"",
        f"{LIB}/glibc-hwcaps/x86-64-v2/libq.so.1": Spec(soname="libq.so.1"),
    },
    "no configuration": {"etc/ld.so.conf": b"", "usr/lib/libx.so.1": Spec(soname="libx.so.1")},
    "strange configuration": {
        "etc/ld.so.conf": b"  /opt/one/// # why\n\n#/opt/two\n/opt/three\n"
        b"include /etc/ld.so.conf.d/z*.conf\n",
        "etc/ld.so.conf.d/z.conf": b"/opt/four",
        **{
            f"opt/{name}/lib{name}.so": Spec(soname=f"lib{name}.so")
            for name in ("one", "two", "three", "four")
        },
    },
}
