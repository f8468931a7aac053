"""The loader's rules against the real ld.so, on trees of libraries that are made for it."""

from __future__ import annotations

import os
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tools.elf_scan import ldso
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.loader import Loader
from tools.elf_scan.root import Root
from tools.elf_scan.versions import missing_versions

LD_SO = Path("/lib64/ld-linux-x86-64.so.2")
only_amd64 = pytest.mark.skipif(not LD_SO.exists(), reason="the real ld.so of this machine reads other files")


def put(root: Path, path: str, spec: Spec) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(write(spec))


def resolved(root: Path, path: str, library_path: str = "") -> dict[str, str | None]:
    """NEEDED name to real path, of all that opening the file loads."""
    edges = Loader(Root(str(root)), library_path).load(path)
    return {edge.name: edge.found.real if edge.found else None for edge in edges}


def real_ld_so(path: Path, library_path: str = "") -> set[tuple[str, str | None]]:
    """The same from the real loader's trace; a library has the name that it was first asked for by."""
    env = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_LIBRARY_PATH": library_path}
    done = subprocess.run([LD_SO, path], env=env, capture_output=True, text=True, check=False)
    found: set[tuple[str, str | None]] = set()
    for line in done.stdout.splitlines():
        if match := re.fullmatch(r"\s*(\S+) => (not found|(\S+) \(0x\w+\))", line):
            found.add((match[1], os.path.realpath(match[3]) if match[3] else None))
    assert not done.stderr, done.stderr
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root with the same library in several places."""
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib", "/opt/conf", "/app/libs", "/opt/env"):
        put(tmp_path, f"{folder}/libz.so.1", Spec(soname="libz.so.1"))
    (tmp_path / "lib").symlink_to("usr/lib")
    put(tmp_path, "/etc/unused", Spec())
    (tmp_path / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf  # comment\n")
    (tmp_path / "etc/ld.so.conf.d").mkdir()
    (tmp_path / "etc/ld.so.conf.d/b.conf").write_text("/opt/conf/\n")
    return tmp_path


@pytest.mark.parametrize(
    ("spec", "library_path", "folder"),
    [
        (Spec(), "", "/opt/conf"),
        (Spec(), "/opt/env", "/opt/env"),
        (Spec(rpath="$ORIGIN/../libs"), "/opt/env", "/app/libs"),
        (Spec(rpath="${ORIGIN}/../libs"), "", "/app/libs"),
        (Spec(runpath="$ORIGIN/../libs"), "/opt/env", "/opt/env"),
        (Spec(runpath="/nowhere:$ORIGIN/../libs"), "", "/app/libs"),
        (Spec(rpath="$ORIGIN/../libs", runpath="/nowhere"), "", "/opt/conf"),
        (Spec(rpath="/usr/$LIB"), "", "/usr/lib/x86_64-linux-gnu"),
        (Spec(rpath="relative:"), "", "/opt/conf"),
        (Spec(rpath="$ORIGINAL/../libs"), "", "/opt/conf"),
    ],
)
def test_the_order_of_the_folders(tree: Path, spec: Spec, library_path: str, folder: str) -> None:
    put(tree, "/app/bin/main.so", replace(spec, needed=("libz.so.1",)))
    assert resolved(tree, "/app/bin/main.so", library_path) == {"libz.so.1": f"{folder}/libz.so.1"}


def test_system_folders_are_the_last_and_can_be_switched_off(tree: Path) -> None:
    (tree / "etc/ld.so.conf.d/b.conf").unlink()
    put(tree, "/app/a.so", Spec(needed=("libz.so.1",)))
    put(tree, "/app/b.so", Spec(needed=("libz.so.1",), flags_1=0x800))
    assert resolved(tree, "/app/a.so") == {"libz.so.1": "/usr/lib/x86_64-linux-gnu/libz.so.1"}
    assert resolved(tree, "/app/b.so") == {"libz.so.1": None}


def test_another_class_or_machine_is_passed_over(tree: Path) -> None:
    put(tree, "/app/libs/libz.so.1", Spec(bits=32, machine=3))
    put(tree, "/opt/conf/libz.so.1", Spec(machine=183))
    put(tree, "/app/main.so", Spec(needed=("libz.so.1",), rpath="/app/libs"))
    assert resolved(tree, "/app/main.so") == {"libz.so.1": "/usr/lib/x86_64-linux-gnu/libz.so.1"}
    put(tree, "/app/arm.so", Spec(needed=("libz.so.1",), machine=183))
    assert resolved(tree, "/app/arm.so") == {"libz.so.1": "/opt/conf/libz.so.1"}


# What stands in the way of a library, and whether the loader goes past it.
IN_THE_WAY: dict[str, tuple[bytes | None, bool]] = {
    "a text": (b"INPUT(libz.so.1)\n" * 20, False),
    "an empty file": (b"", False),
    "a folder": (None, False),
    "a file that is cut off": (write(Spec(soname="libz.so.1"))[:100], False),
    "an object file": (write(Spec(type=1)), False),
    "a library without a dynamic section": (write(Spec(dynamic=False)), False),
    "a library of the other byte order": (write(Spec(little=False)), True),
    "a library of another class": (write(Spec(bits=32, machine=3)), True),
    "a library of another machine": (write(Spec(machine=183)), True),
}


@only_amd64
@pytest.mark.parametrize(("content", "passed"), IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_the_search_ends_at_what_cannot_be_loaded(content: bytes | None, passed: bool, tree: Path) -> None:
    way = tree / "app/first/libz.so.1"
    way.parent.mkdir(parents=True)
    if content is None:
        way.mkdir()
    else:
        way.write_bytes(content)
    paths = f"{tree}/app/first:{tree}/app/libs"
    put(tree, "/app/main.so", Spec(needed=("libz.so.1",), runpath=paths))
    (edge,) = Loader(Root("/")).load(str(tree / "app/main.so"))
    assert (edge.found is not None, edge.stop) == (passed, None if passed else str(way))
    done = subprocess.run([LD_SO, "--list", tree / "app/main.so"], capture_output=True, check=False)
    assert (done.returncode == 0) == passed, done.stderr


def test_a_library_nearby_does_not_help_when_no_path_leads_there(tree: Path) -> None:
    put(tree, "/app/main.so", Spec(needed=("libonly.so",)))
    put(tree, "/app/libs/libonly.so", Spec(soname="libonly.so"))
    assert resolved(tree, "/app/main.so") == {"libonly.so": None}


def test_rpath_is_inherited_and_runpath_is_not(tree: Path) -> None:
    put(tree, "/app/libs/libone.so", Spec(soname="libone.so", needed=("libtwo.so",)))
    put(tree, "/app/libs/libtwo.so", Spec(soname="libtwo.so"))
    put(tree, "/app/rpath.so", Spec(needed=("libone.so",), rpath="/app/libs"))
    put(tree, "/app/runpath.so", Spec(needed=("libone.so",), runpath="/app/libs"))
    assert resolved(tree, "/app/rpath.so")["libtwo.so"] == "/app/libs/libtwo.so"
    assert resolved(tree, "/app/runpath.so")["libtwo.so"] is None


@only_amd64
def test_rpath_beside_a_runpath_counts_for_nobody(tree: Path) -> None:
    put(tree, "/app/libs/libone.so", Spec(soname="libone.so", needed=("libtwo.so",)))
    put(tree, "/app/libs/libtwo.so", Spec(soname="libtwo.so"))
    put(tree, "/app/both.so", Spec(needed=("libone.so",), rpath="$ORIGIN/libs", runpath="$ORIGIN/libs"))
    assert resolved(tree, "/app/both.so") == {"libone.so": "/app/libs/libone.so", "libtwo.so": None}
    assert ("libtwo.so", None) in real_ld_so(tree / "app/both.so")


def test_what_is_loaded_already_satisfies_by_soname(tree: Path) -> None:
    put(tree, "/app/libs/first.so", Spec(soname="libshared.so.3"))
    put(tree, "/app/libs/second.so", Spec(soname="second.so", needed=("libshared.so.3",)))
    put(tree, "/app/main.so", Spec(needed=("first.so", "second.so"), runpath="/app/libs"))
    assert resolved(tree, "/app/main.so")["libshared.so.3"] == "/app/libs/first.so"


@only_amd64
def test_versions_are_asked_of_libraries_that_another_file_needs(tmp_path: Path) -> None:
    """The real loader looks for them in all that is loaded, whoever named it."""
    put(tmp_path, "/a.so", Spec(needed=("libb.so",), rpath="$ORIGIN", versions=[("libc.so", ("V_1", "V_9"))]))
    put(tmp_path, "/libb.so", Spec(needed=("libc.so",)))
    put(tmp_path, "/libc.so", Spec(soname="libc.so", defined=("V_1",)))
    edges = Loader(Root(str(tmp_path))).load("/a.so")
    assert [(edge.needer.real, edge.name, missing_versions(edge)) for edge in edges] == [
        ("/a.so", "libb.so", []),
        ("/libb.so", "libc.so", []),
        ("/a.so", "libc.so", ["V_9"]),
    ]
    env = {"LD_TRACE_LOADED_OBJECTS": "1"}
    done = subprocess.run([LD_SO, tmp_path / "a.so"], env=env, capture_output=True, text=True, check=False)
    assert re.findall(r"version `(\w+)' not found", done.stdout + done.stderr) == ["V_9"]


def test_origin_is_the_folder_of_the_path_that_was_used(tree: Path) -> None:
    put(tree, "/app/real/libone.so", Spec(soname="libone.so", needed=("libtwo.so",), runpath="$ORIGIN"))
    put(tree, "/app/links/libtwo.so", Spec(soname="libtwo.so"))
    (tree / "app/links/libone.so").symlink_to("../real/libone.so")
    put(tree, "/app/main.so", Spec(needed=("libone.so",), runpath="/app/links"))
    found = resolved(tree, "/app/main.so")
    assert found == {"libone.so": "/app/real/libone.so", "libtwo.so": "/app/links/libtwo.so"}


def test_links_never_lead_out_of_the_root(tree: Path) -> None:
    (tree / "app").mkdir(exist_ok=True)
    (tree / "app/loop").symlink_to("loop")
    (tree / "app/up").symlink_to("../../../../../../../../usr/lib")
    put(tree, "/app/main.so", Spec(needed=("libz.so.1",), rpath="/app/loop:/app/up"))
    assert resolved(tree, "/app/main.so") == {"libz.so.1": "/usr/lib/libz.so.1"}


def test_circles_end(tree: Path) -> None:
    put(tree, "/app/libs/a.so", Spec(soname="a.so", needed=("b.so", "a.so"), rpath="$ORIGIN"))
    put(tree, "/app/libs/b.so", Spec(soname="b.so", needed=("a.so",), rpath="$ORIGIN"))
    found = resolved(tree, "/app/libs/a.so")
    assert found == {"b.so": "/app/libs/b.so", "a.so": "/app/libs/a.so"}


def test_configuration_is_read_as_ldconfig_reads_it(tree: Path) -> None:
    (tree / "etc/ld.so.conf").write_text(
        "# comment\n\n  /first/ \ninclude\tld.so.conf.d/[b]*.conf /none/*.conf\n"
        "hwcap 1 x\n/old=libc6\ninclude /etc/ld.so.conf\n"
    )
    (tree / "etc/ld.so.conf.d/.hidden.conf").write_text("/hidden\n")
    dirs = ldso.configured_dirs(Root(str(tree)))
    assert list(dict.fromkeys(dirs)) == ["/first", "/opt/conf", "/old"]


@only_amd64
@pytest.mark.parametrize("seed", range(60))
def test_the_real_loader_agrees_on_random_trees(seed: int, tmp_path: Path) -> None:
    """Twelve libraries in four folders, with random needs, paths, names and links."""
    chance = random.Random(seed)
    folders = [tmp_path / name for name in ("a", "b", "c", "a/d")]
    names = [f"lib{number}.so.{chance.choice('12')}" for number in range(12)]

    def path_list() -> str:
        known = [str(folders[1]), "$ORIGIN", "${ORIGIN}/../b", "$ORIGIN/../c", "/nowhere", "$ORIGIN/d"]
        return ":".join(chance.sample(known, chance.randint(1, 3)))

    for name in names:
        for folder in chance.sample(folders, chance.randint(1, 2)):
            spec = Spec(
                soname=chance.choice((name, name, chance.choice(names), None)),
                needed=chance.sample(names, chance.randint(0, 3)),
                rpath=path_list() if chance.random() < 0.5 else None,
                runpath=path_list() if chance.random() < 0.4 else None,
                flags_1=chance.choice((0, 0, 0, 0x800)),
            )
            put(tmp_path, str((folder / name).relative_to(tmp_path)), spec)
    (folders[2] / "link").mkdir(parents=True, exist_ok=True)
    put(tmp_path, "main.so", Spec(needed=chance.sample(names, 5), rpath=f"$ORIGIN/a:{folders[1]}"))
    library_path = str(folders[2]) if chance.random() < 0.5 else ""
    edges = Loader(Root("/"), library_path).load(str(tmp_path / "main.so"))
    first = {edge.found.real: edge.name for edge in reversed(edges) if edge.found}
    found = {(name, path) for path, name in first.items() if path != str(tmp_path / "main.so")}
    lost = {(edge.name, None) for edge in edges if edge.found is None}
    assert found | lost == real_ld_so(tmp_path / "main.so", library_path)
