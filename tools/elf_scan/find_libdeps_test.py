"""The command find-libdeps: in made-up roots, and against ldd and dpkg -S on this machine."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.find_libdeps import main

COMMAND = os.environ.get("FIND_LIBDEPS", "")
MODULES = (
    "dpkg",
    "elf",
    "elf_dynamic",
    "elf_file",
    "elf_strings",
    "elf_versions",
    "find_libdeps",
    "ldso",
    "libdeps_files",
    "libdeps_report",
    "loader",
    "paths",
    "record",
    "root",
    "versions",
)
PYTHONS = [path for minor in range(9, 15) if (path := shutil.which(f"python3.{minor}"))]
LIBRARIES = {
    "libc6:amd64": ("/lib/x86_64-linux-gnu/libc.so.6", ()),
    "zlib1g:amd64": ("/lib/x86_64-linux-gnu/libz.so.1.2.13", ("libc.so.6",)),
    "libpng16-16:amd64": ("/usr/lib/x86_64-linux-gnu/libpng16.so.16.39", ("libz.so.1", "libc.so.6")),
    "libgl1": ("/usr/lib/x86_64-linux-gnu/libGL.so.1.7.0", ("libc.so.6",)),
}


def put(root: Path, path: str, spec: Spec) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(write(spec))


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """A merged-usr root with a few packages, whose lists name files on either side of the merge."""
    root = tmp_path / "root"
    (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    (root / "lib").symlink_to("usr/lib")
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    put(root, "/usr/bin/dpkg", Spec(type=2))
    for package, (path, needed) in LIBRARIES.items():
        name = Path(path).name
        soname = re.sub(r"(\.so\.\d+).*", r"\1", name)
        put(root, path, Spec(soname=soname, needed=needed))
        if soname != name:
            (root / path.lstrip("/")).with_name(soname).symlink_to(name)
        lines = "/.", "/lib", path, f"/usr/share/doc/{package}", ""
        (root / f"var/lib/dpkg/info/{package}.list").write_text("\n".join(lines))
    versions = {"zlib1g": "1:1.2.13", "libgl1": "1.6.0-1"}  # of others dpkg does not tell
    stanzas = [f"Package: {name}\nVersion: {version}\n" for name, version in versions.items()]
    (root / "var/lib/dpkg/status").write_text("\n".join(stanzas))
    (root / "app").mkdir()
    return root


def run(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str], list[str]]:
    code = main(["--root", str(root), *(arguments or ("/app",))])
    told = capsys.readouterr()
    return code, told.out.splitlines(), told.err.splitlines()


def test_packages_are_plain_sorted_and_transitive(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/app/pkg/_image.cpython-311.so", Spec(needed=("libpng16.so.16",)))
    put(debian, "/app/bin/viewer", Spec(needed=("libGL.so.1",)))
    assert run(debian, capsys) == (0, ["libc6", "libgl1", "libpng16-16", "zlib1g"], [])


def test_files_count_whatever_they_are_called(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/app/data.bin", Spec(needed=("libz.so.1",)))
    (debian / "app/libfake.so").write_text("/* GNU ld script */ INPUT(libGL.so.1)")
    put(debian, "/app/object.so", Spec(type=1, needed=("libGL.so.1",)))
    put(debian, "/app/static", Spec(dynamic=False))
    assert run(debian, capsys) == (0, ["libc6", "zlib1g"], [])


def test_libraries_of_the_folder_itself_satisfy(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/app/pkg/a.so", Spec(needed=("libz.so.1",), runpath="$ORIGIN/../pkg.libs"))
    put(debian, "/app/pkg.libs/libz.so.1", Spec(soname="libz.so.1"))
    assert run(debian, capsys) == (0, [], [])


def test_a_bundled_library_is_seen_as_it_is_loaded(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """libtwo has no path of its own to libone; the module that loads both does."""
    put(debian, "/app/pkg/a.so", Spec(needed=("libtwo.so",), rpath="$ORIGIN/../pkg.libs"))
    put(debian, "/app/pkg.libs/libtwo.so", Spec(soname="libtwo.so", needed=("libone.so",)))
    put(debian, "/app/pkg.libs/libone.so", Spec(soname="libone.so", needed=("libz.so.1",)))
    assert run(debian, capsys, "--strict", "/app") == (0, ["libc6", "zlib1g"], [])


def test_unresolved_ones_are_told_with_their_chain(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/app/pkg/a.so", Spec(needed=("libb.so", "libz.so.1"), rpath="$ORIGIN"))
    put(
        debian, "/app/pkg/libb.so", Spec(soname="libb.so", needed=("libgone.so.3", "libfar.so"), runpath="/x")
    )
    put(debian, "/app/far/libfar.so", Spec(soname="libfar.so"))
    code, out, err = run(debian, capsys)
    assert (code, out) == (0, ["libc6", "zlib1g"])
    chain = "needed by /app/pkg/libb.so <- /app/pkg/a.so"
    elsewhere = "/app/far/libfar.so has that name, but the loader doesn't look there"
    assert err == [
        f"find-libdeps: libfar.so: not found, {chain} ({elsewhere})",
        f"find-libdeps: libgone.so.3: not found, {chain}",
    ]
    assert run(debian, capsys, "--strict", "/app")[:2] == (1, ["libc6", "zlib1g"])


def test_the_driver_is_no_error(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/app/a.so", Spec(needed=("libcuda.so.1",)))
    code, out, err = run(debian, capsys, "--strict", "/app")
    assert (code, out) == (0, [])
    assert err == ["find-libdeps: libcuda.so.1: comes with the NVIDIA driver, needed by /app/a.so"]


def test_alternatives_lead_to_the_package_of_the_target(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(debian, "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.1", Spec(soname="libblas.so.3"))
    (debian / "etc/alternatives").mkdir(parents=True)
    (debian / "etc/alternatives/libblas.so.3").symlink_to("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.1")
    (debian / "usr/lib/x86_64-linux-gnu/libblas.so.3").symlink_to("/etc/alternatives/libblas.so.3")
    info = debian / "var/lib/dpkg/info/libblas3:amd64.list"
    info.write_text("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.1\n")
    put(debian, "/app/a.so", Spec(needed=("libblas.so.3",)))
    assert run(debian, capsys) == (0, ["libblas3"], [])


def test_a_library_without_a_package_is_told(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/usr/lib/libmine.so", Spec(soname="libmine.so"))
    put(debian, "/app/a.so", Spec(needed=("libmine.so",)))
    code, out, err = run(debian, capsys, "--strict", "/app")
    assert (code, out) == (0, [])
    assert err == ["find-libdeps: /usr/lib/libmine.so: belongs to no package, needed by /app/a.so"]


def test_broken_and_foreign_files_do_not_stop_it(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (debian / "app/broken.so").write_bytes(write(Spec(needed=("x",)))[:100])
    put(debian, "/app/arm.so", Spec(machine=183, needed=("libz.so.1",)))
    put(debian, "/app/fine.so", Spec(needed=("libc.so.6",)))
    code, out, err = run(debian, capsys, "--strict", "/app")
    assert (code, out) == (0, ["libc6"])
    assert ["broken.so: not readable" in err[0], "another machine" in err[1], len(err)] == [True, True, 2]


@pytest.mark.skipif(not COMMAND, reason="Bazel makes the command")
def test_a_folder_that_may_not_be_read_is_told(debian: Path) -> None:
    (debian / "app/secret").mkdir(mode=0)
    # Root may read everything, unless it has no capabilities.
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*powerless, "/bin/sh", str(Path(COMMAND).resolve()), "--root", str(debian), "/app"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "app/secret: cannot be read: Permission denied" in done.stderr


def test_links_are_not_followed_and_files_may_be_named(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (debian / "app/out").symlink_to("/usr/lib/x86_64-linux-gnu")
    (debian / "app/link.so").symlink_to("/usr/lib/x86_64-linux-gnu/libpng16.so.16")
    assert run(debian, capsys) == (0, [], [])
    assert run(debian, capsys, "/app/link.so")[1] == ["libc6", "zlib1g"]


def test_why_tells_each_way_to_a_package(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(debian, "/app/a.so", Spec(needed=("libz.so.1", "libgone.so")))
    put(debian, "/app/b.so", Spec(needed=("libz.so.1", "libown.so"), runpath="$ORIGIN"))
    put(debian, "/app/libown.so", Spec(soname="libown.so", needed=("libGL.so.1",)))
    own = "/app/libown.so NEEDED libGL.so.1 <- /app/b.so NEEDED libown.so"
    assert run(debian, capsys, "--why", "/app")[1] == [
        f"libc6 <- libgl1 1.6.0-1: libGL.so.1 NEEDED libc.so.6 <- {own}",
        "libc6 <- zlib1g 1:1.2.13: libz.so.1 NEEDED libc.so.6 <- /app/a.so NEEDED libz.so.1",
        f"libgl1 1.6.0-1 <- {own}",
        "zlib1g 1:1.2.13 <- /app/a.so NEEDED libz.so.1 (and 1 more file)",
    ]
    put(debian, "/app/only.so", Spec(needed=("libnothing.so",)))
    assert run(debian, capsys, "--why", "/app/only.so")[1] == []


def test_why_leads_through_libraries_that_only_the_opener_finds(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One and the same need is met by two libraries: by whose path it is looked for depends on the opener."""
    for folder, library in (("one", "libz.so.1"), ("two", "libGL.so.1")):
        put(debian, f"/app/{folder}/a.so", Spec(needed=("libmid.so",), rpath=f"/app/mid:/app/{folder}"))
        put(debian, f"/app/{folder}/libend.so", Spec(soname="libend.so", needed=(library,)))
    put(debian, "/app/mid/libmid.so", Spec(soname="libmid.so", needed=("libend.so",)))
    middle = "<- /app/mid/libmid.so NEEDED libend.so <- /app/{}/a.so NEEDED libmid.so"
    assert run(debian, capsys, "--why", "/app/two/a.so", "/app/one/a.so")[1][-2:] == [
        f"libgl1 1.6.0-1 <- /app/two/libend.so NEEDED libGL.so.1 {middle.format('two')}",
        f"zlib1g 1:1.2.13 <- /app/one/libend.so NEEDED libz.so.1 {middle.format('one')}",
    ]


def test_why_takes_a_package_for_one_thing(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its files need each other, which is no reason, and several of them need another package."""
    folder = "/usr/lib/x86_64-linux-gnu"
    put(debian, f"{folder}/libone.so.1", Spec(soname="libone.so.1", needed=("libtwo.so.1", "libz.so.1")))
    put(debian, f"{folder}/libtwo.so.1", Spec(soname="libtwo.so.1", needed=("libz.so.1",)))
    lists = "".join(f"{folder}/{name}.so.1\n" for name in ("libone", "libtwo"))
    (debian / "var/lib/dpkg/info/pair.list").write_text(lists)
    put(debian, "/app/a.so", Spec(needed=("libone.so.1",)))
    way = "<- pair: libone.so.1 NEEDED libz.so.1 <- /app/a.so NEEDED libone.so.1"
    assert run(debian, capsys, "--why", "/app")[1] == [
        f"libc6 <- zlib1g 1:1.2.13: libz.so.1 NEEDED libc.so.6 {way}",
        "pair <- /app/a.so NEEDED libone.so.1",
        f"zlib1g 1:1.2.13 {way}",
    ]


def test_json_has_all(debian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lib = "/usr/lib/x86_64-linux-gnu/"
    put(debian, "/app/a.so", Spec(needed=("libz.so.1", "libgone.so")))
    data = json.loads("\n".join(run(debian, capsys, "--json", "/app")[1]))
    assert (data["version"], data["files"]) == (1, 1)
    assert data["packages"]["zlib1g"] == [["/app/a.so", f"{lib}libz.so.1.2.13"]]
    assert data["package_versions"] == {"zlib1g": "1:1.2.13"}
    assert data["unresolved"] == [{"name": "libgone.so", "chain": ["/app/a.so"]}]
    assert data["wrong_versions"] == []


def test_symbol_versions_that_a_library_lacks_are_told(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    put(debian, libc, Spec(soname="libc.so.6", defined=("GLIBC_2.2.5", "GLIBC_2.36")))
    versions = [("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.38", "GLIBC_2.39"))]
    put(debian, "/app/a.so", Spec(needed=("libc.so.6",), versions=versions))
    put(debian, "/app/arm.so", Spec(machine=183, needed=("libc.so.6",), versions=versions))
    put(debian, "/app/weak.so", Spec(needed=("libc.so.6",), weak=versions))
    code, out, err = run(debian, capsys)
    assert (code, out) == (0, ["libc6"])
    assert err[0] == f"find-libdeps: /usr{libc}: has no GLIBC_2.38, GLIBC_2.39, needed by /app/a.so"
    assert [len(err), "another machine" in err[1]] == [2, True]
    assert run(debian, capsys, "--strict", "/app")[:2] == (1, ["libc6"])
    assert run(debian, capsys, "--strict", "/app/weak.so")[:2] == (0, ["libc6"])
    data = json.loads("\n".join(run(debian, capsys, "--json", "/app")[1]))
    assert data["wrong_versions"] == [
        {"library": f"/usr{libc}", "versions": ["GLIBC_2.38", "GLIBC_2.39"], "chain": ["/app/a.so"]}
    ]


def test_symbol_versions_that_are_there_when_the_program_loads_it_are_right(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = [("libend.so", ("END_2",))]
    put(debian, "/app/libmid.so", Spec(soname="libmid.so", needed=("libend.so",), versions=versions))
    put(debian, "/app/new/libend.so", Spec(soname="libend.so", defined=("END_1", "END_2")))
    put(debian, "/usr/lib/libend.so", Spec(soname="libend.so", defined=("END_1",)))
    assert run(debian, capsys, "--strict", "/app")[0] == 1
    put(debian, "/app/program.so", Spec(needed=("libmid.so",), rpath="$ORIGIN:$ORIGIN/new"))
    assert run(debian, capsys, "--strict", "/app")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "required: DIR"),
        (("/none", "/app"), "no such folder: /none"),
        (("--wyh", "/app"), "unrecognized"),
        (("",), "an empty DIR"),
        (("/app", ""), "an empty DIR"),
        (("--root", "", "/app"), "an empty DIR or ROOT"),
    ],
)
def test_bad_arguments_end_with_2(
    arguments: tuple[str, ...], message: str, debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(["--root", str(debian), *arguments])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_not_a_debian(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path), "/"]) == 2
    assert "no Debian system" in capsys.readouterr().err


def real_files() -> list[str]:
    """Programs of this machine and extension modules of wheels, with all libraries in the system folders."""
    programs = [path for name in ("git", "gpgv", "bwrap") if (path := shutil.which(name))]
    wheels = Path(os.environ.get("RUNFILES_DIR", "/none"))
    modules = sorted(path for path in wheels.glob("*pip*/**/*.so") if "nvidia" not in str(path))
    return [os.path.realpath(path) for path in [*programs, *map(str, modules[:4])]]


@pytest.mark.skipif(not shutil.which("ldd"), reason="no ldd here")
@pytest.mark.parametrize("path", real_files())
def test_ldd_and_dpkg_agree(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The seed's way of finding packages, where it is right."""
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    files = {os.path.realpath(file) for file in re.findall(r"(/\S+) \(0x", listed)}
    wanted = set()
    for file in files:
        for alias in (file, file.removeprefix("/usr")):
            owner = subprocess.run(["dpkg", "-S", alias], capture_output=True, text=True, check=False).stdout
            wanted |= {line.split(":")[0] for line in owner.splitlines() if "diversion" not in line}
    assert wanted
    assert main([path]) == 0
    assert set(capsys.readouterr().out.split()) == wanted


@pytest.mark.parametrize("name", MODULES)
def test_the_syntax_is_that_of_python_3_9(name: str) -> None:
    path = Path(__file__).with_name(f"{name}.py")
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    others = {name for name in map(str, imported) if name.split(".")[0] not in sys.stdlib_module_names}
    assert others <= {"tools.elf_scan", *(f"tools.elf_scan.{module}" for module in MODULES)}


@pytest.mark.skipif(not COMMAND, reason="Bazel makes the command")
@pytest.mark.parametrize("python", PYTHONS)
def test_the_bundled_command_runs_on_every_python(python: str, debian: Path, tmp_path: Path) -> None:
    """With nothing on PATH but that interpreter, under its versioned name, as in Debian's images."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / Path(python).name).symlink_to(python)
    put(debian, "/app/a.so", Spec(needed=("libz.so.1",)))
    command = ["/bin/sh", str(Path(COMMAND).resolve()), "--root", str(debian), "/app"]
    env = {"PATH": str(tmp_path / "bin"), "PYTHONPATH": "/nowhere"}
    done = subprocess.run(command, env=env, cwd=debian, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "libc6\nzlib1g\n", "")


@pytest.mark.skipif(not COMMAND, reason="Bazel makes the command")
def test_without_python_the_command_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", COMMAND, "/"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 127
    assert done.stderr == "find-libdeps: no Python 3 on PATH; to have one: apt-install python3\n"
