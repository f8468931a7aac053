"""Images that link and images that don't, and what is said of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan import facts
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.loader import Loader
from tools.elf_scan.stacked import StackedLibraries
from tools.image_run.testing import Entry as Member
from tools.image_run.testing import Layout, file, tar
from tools.layer_libraries.__main__ import main as layer_libraries
from tools.ld_cache.cache import Entry, serialise
from tools.link_test.__main__ import main
from tools.link_test.allowed import read_allowed
from tools.link_test.check import Problem, Result, check

LIB = "/usr/lib/x86_64-linux-gnu"
AMD64, ARM64 = (62, 64), (183, 64)
C = Spec(soname="libc.so.6", defined=("C_1", "C_2"))
Files = Mapping[str, Spec | bytes]


def entries(files: Files) -> list[Member]:
    """The files as those of a layer."""
    return [
        file(path.lstrip("/"), content if isinstance(content, bytes) else write(content))
        for path, content in files.items()
    ]


def told(folder: Path, *layers: Files) -> list[Path]:
    """What LayerLibraries tells of each layer."""
    outputs = []
    for number, files in enumerate(layers):
        layer = folder / f"{number}.tar"
        layer.write_bytes(tar(entries(files)))
        outputs.append(folder / f"{number}.elf.json")
        layer_libraries(["--output", str(outputs[-1]), str(layer)])
    return outputs


def checked(folder: Path, *layers: Files, machine: tuple[int, int] = AMD64) -> Result:
    """The verdict on an image of these layers, whose loader also looks into /opt."""
    stack = StackedLibraries(map(facts.read, told(folder, {"/etc/ld.so.conf": b"/opt\n"}, *layers)))
    return check(stack, Loader(stack), machine)


CASES: dict[str, tuple[list[Files], list[Problem]]] = {
    "all is there": ([{f"{LIB}/libc.so.6": C, "/bin/a": Spec(needed=("libc.so.6",))}], []),
    "a library is in a layer above": ([{"/bin/a": Spec(needed=("libc.so.6",))}, {"/opt/libc.so.6": C}], []),
    "a library is removed by a layer above": (
        [{"/opt/libc.so.6": C, "/bin/a": Spec(needed=("libc.so.6",))}, {"/opt/.wh.libc.so.6": b""}],
        [Problem(("/bin/a",), "libc.so.6")],
    ),
    "a library is where the loader does not look": (
        [{"/srv/libz.so": Spec(), "/bin/a": Spec(needed=("libz.so",))}],
        [Problem(("/bin/a",), "libz.so")],
    ),
    "a chain": (
        [
            {
                "/opt/libc.so": Spec(needed=("libd.so",)),
                "/srv/libb.so": Spec(needed=("libc.so",), runpath="/opt"),
                "/usr/bin/a": Spec(needed=("libb.so",), rpath="/srv"),
            }
        ],
        [Problem(("/usr/bin/a", "/srv/libb.so", "/opt/libc.so"), "libd.so")],
    ),
    "a library finds what it needs by its program alone": (
        [
            {
                "/bin/a": Spec(needed=("libb.so",), rpath="/srv"),
                "/srv/libb.so": Spec(needed=("libc.so",)),
                "/srv/libc.so": Spec(),
            }
        ],
        [],
    ),
    "a version is missing": (
        [
            {f"{LIB}/libc.so.6": C},
            {"/bin/a": Spec(needed=("libc.so.6",), versions=[("libc.so.6", ("C_1", "C_3"))])},
        ],
        [Problem(("/bin/a",), "libc.so.6", f"{LIB}/libc.so.6", ("C_3",))],
    ),
    "a weak version is missing": (
        [{f"{LIB}/libc.so.6": C, "/bin/a": Spec(needed=("libc.so.6",), weak=[("libc.so.6", ("C_3",))])}],
        [],
    ),
    "a library has no versions at all": (
        [{"/opt/libb.so": Spec(), "/bin/a": Spec(needed=("libb.so",), versions=[("libb.so", ("B_1",))])}],
        [],
    ),
    "the file of another machine is not looked into": (
        [{"/bin/a": Spec(machine=183, needed=("libb.so",)), "/bin/b": Spec(bits=32, needed=("libb.so",))}],
        [],
    ),
    "a text is in the way of a library": (
        [
            {
                "/srv/libb.so": b"text",
                "/opt/libb.so": Spec(),
                "/bin/a": Spec(needed=("libb.so",), runpath="/srv"),
            }
        ],
        [Problem(("/bin/a",), "libb.so", stop="/srv/libb.so")],
    ),
    "a library of another machine is passed over": (
        [{"/opt/libb.so": Spec(machine=183), "/bin/a": Spec(needed=("libb.so",))}],
        [Problem(("/bin/a",), "libb.so")],
    ),
    "a static program and an object file need nothing": (
        [{"/bin/a": Spec(dynamic=False, needed=("libb.so",)), "/a.o": Spec(type=1, needed=("libb.so",))}],
        [],
    ),
    "a program needs its interpreter": (
        [{"/bin/a": Spec(interpreter="/lib64/ld.so")}],
        [Problem(("/bin/a",), "/lib64/ld.so")],
    ),
}


@pytest.mark.parametrize(("layers", "problems"), CASES.values(), ids=CASES)
def test_problems(layers: list[Files], problems: list[Problem], tmp_path: Path) -> None:
    assert list(checked(tmp_path, *layers).problems) == problems


def test_what_is_counted(tmp_path: Path) -> None:
    files: Files = {
        "/bin/a": Spec(needed=("libb.so", "libc.so.6")),
        "/opt/libb.so": Spec(needed=("libc.so.6",)),
        "/opt/libc.so.6": C,
        "/opt/arm.so": Spec(machine=183, needed=("libb.so",)),
        "/opt/static": Spec(dynamic=False),
        "/opt/text": b"text",
    }
    result = checked(tmp_path, files)
    assert (result.files, result.edges, result.foreign) == (3, 3, ("/opt/arm.so",))
    result = checked(tmp_path, files, machine=ARM64)
    assert (result.files, result.edges, len(result.foreign)) == (1, 1, 3)


def test_the_chain_begins_with_what_lacks_the_library() -> None:
    problem = Problem(("/bin/a", "/opt/libb.so"), "libc.so")
    assert str(problem) == "/opt/libb.so <- /bin/a NEEDED libc.so: not found"
    problem = Problem(("/bin/a",), "libc.so", "/opt/libc.so", ("C_3", "C_4"))
    assert str(problem) == "/bin/a NEEDED libc.so: /opt/libc.so has no C_3, C_4"
    problem = Problem(("/bin/a",), "libc.so", stop="/opt/libc.so")
    assert str(problem) == "/bin/a NEEDED libc.so: /opt/libc.so cannot be loaded"


ALLOWED = {
    "version": 1,
    "allowed": [
        {"files": ["*"], "sonames": ["libcuda.so.*"], "why": "the driver"},
        {"files": ["/plugins/*"], "sonames": ["libp.so", "libq.so"], "why": "a plugin"},
    ],
}


@pytest.mark.parametrize(
    ("chain", "name", "allowed"),
    [
        (("/bin/a",), "libcuda.so.1", True),
        (("/bin/a",), "libcuda.so", False),
        (("/plugins/a/b.so",), "libp.so", True),
        (("/plugins/a/b.so",), "libr.so", False),
        (("/plugins/a.so", "/opt/b.so"), "libq.so", True),
        (("/opt/b.so", "/plugins/a.so"), "libq.so", True),
        (("/opt/b.so", "/plugins/a.so", "/opt/c.so"), "libq.so", False),
        (("/bin/plugins/a",), "libp.so", False),
    ],
)
def test_exceptions(chain: tuple[str, ...], name: str, allowed: bool, tmp_path: Path) -> None:
    (tmp_path / "allowed.json").write_text(json.dumps(ALLOWED))
    entries = read_allowed([tmp_path / "allowed.json"])
    assert any(entry.allows(Problem(chain, name)) for entry in entries) == allowed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "version 1"),
        ('{"version": 2, "allowed": []}', "version 1"),
        ('{"version": 1}', "no list `allowed`"),
        ('{"version": 1, "allowed": [{"files": ["*"], "sonames": ["*"]}]}', "entry 1: has not just"),
        ('{"version": 1, "allowed": [{"files": "*", "sonames": ["*"], "why": "x"}]}', "entry 1: files is"),
        ('{"version": 1, "allowed": [{"files": ["*"], "sonames": [], "why": "x"}]}', "entry 1: sonames is"),
        ('{"version": 1, "allowed": [{"files": ["*"], "sonames": ["*"], "why": ""}]}', "entry 1: why is"),
    ],
)
def test_malformed_exceptions(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "allowed.json").write_text(text)
    with pytest.raises(ToolError, match=message) as caught:
        read_allowed([tmp_path / "allowed.json"])
    assert "allowed.json" in str(caught.value)


class Tool:
    """The tool, as Bazel starts it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._monkeypatch = folder, monkeypatch

    def run(self, *layers: Files, architecture: str = "amd64", env: tuple[str, ...] = ()) -> int:
        """Tests an image; returns the exit code."""
        layout = Layout(self.folder / "image")
        layout.finish(layout.image([entries(each) for each in layers], {"Env": list(env)}, architecture))
        (self.folder / "allowed.json").write_text(json.dumps(ALLOWED))
        lines = [f"--image={layout.path}", f"--allowed={self.folder / 'allowed.json'}"]
        lines += map(str, told(self.folder, *layers))
        (self.folder / "args").write_text("\n".join(lines))
        self._monkeypatch.setenv("LINK_TEST_ARGUMENTS", str(self.folder / "args"))
        self._monkeypatch.setattr("sys.argv", ["link_test"])
        return main()


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """The tool in a folder of its own."""
    return Tool(tmp_path, monkeypatch)


def test_a_good_image(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    files: Files = {
        f"{LIB}/libc.so.6": C,
        "/srv/libb.so": Spec(needed=("libc.so.6", "libcuda.so.1")),
        "/bin/a": Spec(needed=("libb.so",)),
        "/bin/b": Spec(machine=183),
        "/bin/c": write(Spec())[:40],
    }
    assert tool.run(files, env=("PATH=/bin", "LD_LIBRARY_PATH=/no/place:/srv")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 files, 3 libraries that they need",
        "1 files are for another machine, such as /bin/b",
        "1 files are broken, so that nothing can load them, such as /bin/c (broken ELF header)",
        "1 not found or not fitting, rightly: the driver",
    ]


def test_a_bad_image_is_told_in_a_line_for_each_problem(
    tool: Tool, capsys: pytest.CaptureFixture[str]
) -> None:
    files: Files = {f"/bin/{number:02}": Spec(needed=("libb.so",)) for number in range(60)}
    assert tool.run(files, {"/bin/.wh.00": b""}) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "59 files, 59 libraries that they need",
        "error: 59 libraries are not found, or lack symbol versions",
        "  /bin/01 NEEDED libb.so: not found",
    ]
    assert lines[51:53] == ["  /bin/50 NEEDED libb.so: not found", "  ... and 9 more"]
    assert "allowed" in "\n".join(lines[53:])


def test_the_image_says_for_which_machine_it_is(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.run({"/bin/a": Spec(machine=183, needed=("libb.so",))}, architecture="arm64") == 1
    assert "1 files, 1 libraries" in capsys.readouterr().out


def test_the_cache_of_the_image_counts(tool: Tool, capsys: pytest.CaptureFixture[str]) -> None:
    """Not what ldconfig would find: a layer above the one with the cache adds nothing to it."""
    found = [Entry("libb.so", "/opt/libb.so", 0x0303), Entry("libc.so", "/opt/libc.so", 0x0303)]
    files: Files = {
        "/etc/ld.so.conf": b"/opt\n",
        "/opt/libb.so": Spec(),
        "/opt/libd.so": Spec(),
        f"{LIB}/libc.so": Spec(),
        "/bin/a": Spec(needed=("libb.so", "libc.so", "libd.so")),
    }
    assert tool.run(files, {"/etc/ld.so.cache": serialise(found)}) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:3] == [
        "error: 1 libraries are not found, or lack symbol versions",
        "  /bin/a NEEDED libd.so: not found",
    ]


def test_an_image_for_an_unknown_machine_is_refused(tool: Tool) -> None:
    with pytest.raises(
        ToolError, match="the image is for linux/riscv64; images for amd64, arm64 can be tested"
    ):
        tool.run({"/bin/a": Spec()}, architecture="riscv64")
