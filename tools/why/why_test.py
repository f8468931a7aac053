"""What NAME_why prints, for small images; //tools/lib_closure resolves them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.lib_closure.cases import SITE, library, package, resolved, wheel
from tools.lib_closure.closure import Closure
from tools.why.__main__ import main
from tools.why.chains import MOST, chains, fold
from tools.why.examples import big, small
from tools.why.index import PACKAGE, Index, Match

NAME = "//app:train_py311"


class Why:
    """The program, for a closure."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys

    def __call__(self, *arguments: str, closure: Closure | None = None) -> list[str]:
        path = self._folder / "closure.json"
        path.write_text((closure or small()).dumps())
        assert main(["--name", NAME, "--closure", str(path), *arguments]) == 0
        return self._capsys.readouterr().out.splitlines()


@pytest.fixture
def why(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Why:
    monkeypatch.chdir(tmp_path)
    return Why(tmp_path, capsys)


GL = (
    "libglx0 (not in the image yet) <- libgl1 1.6.0-1: libGL.so.1 NEEDED libGLX.so.0"
    " <- opencv-python 4.10.0.84: cv2/cv2.abi3.so NEEDED libGL.so.1"
)
CHAINS: dict[str, list[str]] = {
    "libgomp1": [
        "libgomp1 12.2.0-14 <- lightgbm 4.7.0: lightgbm/lib/lib_lightgbm.so NEEDED libgomp.so.1",
        "libgomp1 12.2.0-14 <- torch 2.5.1: torch/lib/libtorch_cuda.so NEEDED libgomp.so.1",
    ],
    "libglx0": [GL],
    "libglx0:amd64": [GL],
    "libGLX.so.0": [GL],
    "libGLX.so*": [GL],
    "libstdc++6": [
        "libstdc++6 12.2.0-14 <- numba 0.60.0: numba/a.so NEEDED libstdc++.so.6",
        "libstdc++6 12.2.0-14 <- opencv-python 4.10.0.84: cv2/cv2.abi3.so NEEDED libstdc++.so.6",
    ],
    "libcuda.so.1": [
        "libcuda.so.1 (NVIDIA's driver) <- torch 2.5.1: torch/lib/libtorch_cuda.so NEEDED libcuda.so.1",
        "  libcuda.so.1: comes with the driver",
    ],
    "libnone.so.1": ["libnone.so.1 (unresolved) <- other 1.0: other/x.so NEEDED libnone.so.1"],
    "libportaudio2": [
        "libportaudio2 (not in the image yet) <- sounddevice 0.5.1: opens libportaudio.so.2 itself",
        "  libportaudio.so.2: opens it itself",
    ],
    "portaudio-data": [
        (
            "portaudio-data (not in the image yet) <- libportaudio2: needs the data of portaudio-data"
            " <- sounddevice 0.5.1: opens libportaudio.so.2 itself"
        ),
        "  portaudio-data: is of no use without",
    ],
    "libcublas.so.12": [
        (
            "nvidia-cublas-cu12 12.4.5.8: nvidia/cublas/lib/libcublas.so.12"
            " <- torch 2.5.1: torch/lib/libtorch_cuda.so NEEDED libcublas.so.12"
        ),
        "  libcublas.so.12: cuBLAS of CUDA 12",
    ],
    "lightgbm": [
        "lightgbm 4.7.0 needs",
        "  status  library       from                needed by",
        "  base    libc.so.6     libc6 2.36-9        lightgbm/lib/lib_lightgbm.so",
        "  apt     libgomp.so.1  libgomp1 12.2.0-14  lightgbm/lib/lib_lightgbm.so",
    ],
    "numba": [
        "numba 0.60.0 needs",
        "  status  library         from                  needed by",
        "  base    libc.so.6       libc6 2.36-9          numba/a.so and 2 more",
        "  base    libstdc++.so.6  libstdc++6 12.2.0-14  numba/a.so",
        "  plugin  libtbb.so.12                          numba/pool/tbbpool.so",
    ],
    "vision/*": [
        "vision/_C.so needs",
        "  status   library           from                                     needed by",
        "  preload  libtorch_cuda.so  torch 2.5.1: torch/lib/libtorch_cuda.so  vision/_C.so",
    ],
    "tbbpool.so": [
        "numba/pool/tbbpool.so needs",
        "  status  library       from          needed by",
        "  base    libc.so.6     libc6 2.36-9  numba/pool/tbbpool.so",
        "  plugin  libtbb.so.12                numba/pool/tbbpool.so",
    ],
    "*/libGL.so.1": [
        "libgl1 1.6.0-1 <- opencv-python 4.10.0.84: cv2/cv2.abi3.so NEEDED libGL.so.1",
        "/usr/lib/x86_64-linux-gnu/libGL.so.1 needs",
        "  status  library      from                            needed by",
        "  base    libc.so.6    libc6 2.36-9                    /usr/lib/x86_64-linux-gnu/libGL.so.1",
        "  apt     libGLX.so.0  libglx0 (not in the image yet)  /usr/lib/x86_64-linux-gnu/libGL.so.1",
    ],
}


@pytest.mark.parametrize(("name", "lines"), CHAINS.items(), ids=CHAINS)
def test_a_name_is_explained(name: str, lines: list[str], why: Why) -> None:
    assert why(name) == lines


def test_a_distribution_is_found_however_it_is_written(why: Why) -> None:
    assert why("OpenCV_Python") == why("opencv-python")
    assert why("opencv-python")[0] == "opencv-python 4.10.0.84 needs"


def test_chains_of_one_shape_are_folded_unless_all_are_wanted(why: Why) -> None:
    head = "libc6 2.36-9 <- numba 0.60.0:"
    assert f"{head} numba/a.so NEEDED libc.so.6 (and 2 more files of numba)" in why("libc6")
    assert [line for line in why("--all", "libc6") if line.startswith(head)] == [
        f"{head} numba/{file}.so NEEDED libc.so.6" for file in ("a", "b", "pool/tbbpool")
    ]


def test_several_libraries_of_a_package_are_folded(why: Why) -> None:
    base = (
        package("libc6", "2.36-9", file="libc.so.6"),
        package("libc6", "2.36-9", file="libm.so.6"),
    )
    files = {"pkg/a.so": library("libm.so.6", "libc.so.6"), "pkg/b.so": library("libc.so.6")}
    lines = why("libc6", closure=resolved(wheel("pkg", "1.0", files), base=base))
    assert lines == [
        "libc6 2.36-9 <- pkg 1.0: pkg/a.so NEEDED libc.so.6 (and 1 more file of pkg; also libm.so.6)"
    ]


def test_a_package_that_needs_itself_is_no_reason_but_may_be_on_the_way(why: Why) -> None:
    pulse = (
        package("libpulse0", "16", "libgomp.so.1", file="libpulsecommon.so"),
        package("libpulse0", "16", "libpulsecommon.so", file="libportaudio.so.2"),
        package("libgomp1", "12", file="libgomp.so.1"),
    )
    closure = resolved(wheel("pkg", "1.0", {"pkg/a.so": library("libportaudio.so.2")}), added=pulse)
    end = "libpulse0 16: libportaudio.so.2 NEEDED libpulsecommon.so <- pkg 1.0: pkg/a.so NEEDED"
    assert why("libgomp1", closure=closure) == [
        f"libgomp1 12 <- libpulse0 16: libpulsecommon.so NEEDED libgomp.so.1 <- {end} libportaudio.so.2"
    ]
    assert why("libpulse0", closure=closure) == ["libpulse0 16 <- pkg 1.0: pkg/a.so NEEDED libportaudio.so.2"]


def test_a_file_of_a_package_that_nothing_loads_is_there_with_the_package(why: Why) -> None:
    jack = (
        package("libjack", "1.9", file="libportaudio.so.2"),
        package("libjack", "1.9", "libgomp.so.1", file="libjackserver.so.0"),
    )
    closure = resolved(wheel("pkg", "1.0", {"pkg/a.so": library("libportaudio.so.2")}), added=jack)
    assert why("libgomp1", closure=closure) == [
        (
            "libgomp1 (not in the image yet) <- libjack 1.9: libjackserver.so.0 NEEDED libgomp.so.1"
            " <- pkg 1.0: pkg/a.so NEEDED libportaudio.so.2"
        )
    ]
    index = Index(closure)
    assert (index.distributions, "libjack" in index.packages) == (("pkg",), True)


def test_what_nothing_needs_is_said(why: Why) -> None:
    closure = resolved(
        wheel("pkg", "1.0", {"pkg/a.so": library("libc.so.6")}),
        added=(package("libglx0", "1.6", file="libGLX.so.0"),),
    )
    assert why("libglx0", closure=closure) == ["libglx0: in the image, and nothing needs it"]
    assert "In the image, and nothing needs them: libglx0" in why(closure=closure)


def test_a_line_is_printed_once(why: Why) -> None:
    assert why("libgomp1", "libgomp.so.1", "libgomp*") == CHAINS["libgomp1"]


def test_circles_of_packages_end(why: Why) -> None:
    index = Index(big(20, 60, seed=3))
    for name in index.packages:
        edges = index.edges_to(Match(PACKAGE, name))
        for chain in chains(index, edges):
            files = [edge.file for edge in chain]
            assert len(set(files)) == len(files)
        assert len(fold(index, edges)) <= MOST


def test_without_names_there_is_a_table(why: Why) -> None:
    assert why() == [
        f"{NAME}, amd64, Debian bookworm",
        "",
        "package         version               needed by        libraries",
        "libgl1          1.6.0-1               opencv-python    libGL.so.1",
        "libglx0         not in the image yet  libgl1           libGLX.so.0",
        "libgomp1        12.2.0-14             lightgbm, torch  libgomp.so.1",
        "libportaudio2   not in the image yet  sounddevice      libportaudio.so.2",
        "portaudio-data  not in the image yet  libportaudio2    its data",
        "5 packages on top of the base",
        "",
        "status      needs  libraries  meaning",
        "wheel           1          1  in the same wheel",
        "base            9          2  in the image below",
        "apt             6          4  in a Debian package on top of it",
        "nvidia          1          1  in a wheel of NVIDIA's that the package loads first",
        "driver          1          1  mounted with NVIDIA's driver, never installed",
        "preload         1          1  loaded by the package before it is needed",
        "plugin          1          1  not there, and only a plugin needs it",
        "unresolved      1          1  nothing has it",
        "",
        "1 library is there more than once, 390.0 MB too many; --duplicates lists them.",
        "",
        "1 problem:",
        f"  {small().problems[0].text}",
        f"    {small().problems[0].remedy}",
    ]


def test_an_image_that_needs_nothing(why: Why) -> None:
    assert why(closure=resolved())[2:] == [
        "The environment needs no packages on top of the base.",
        "",
        "No file needs a library.",
    ]


def test_sizes_are_shown_when_a_lock_is_there(why: Why, tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    sizes = {
        "libgl1": 91_000,
        "libglx0": 35_000,
        "libgomp1": 116_000,
        "libportaudio2": 64_000,
        "portaudio-data": 1_000,
    }
    lock.write_text(json.dumps({"packages": {"amd64": {name: {"size": sizes[name]} for name in sizes}}}))
    lines = why("--lock", str(lock))
    assert lines[3].endswith("  libGL.so.1         91.0 kB")
    assert lines[8] == "5 packages on top of the base, 0.3 MB to download"


def test_duplicates_are_listed_with_what_they_waste(why: Why) -> None:
    assert why("--duplicates") == [
        "libcublas.so.12: 2 copies, 390.0 MB too many",
        "  390.0 MB  faiss-gpu 1.7.2              faiss_libs/libcublas.so.12",
        "  400.0 MB  nvidia-cublas-cu12 12.4.5.8  nvidia/cublas/lib/libcublas.so.12",
        "1 library, 390.0 MB (390000000 bytes) too many",
    ]
    assert why("--duplicates", closure=resolved()) == ["No library is there more than once."]


def test_json_has_all(why: Why) -> None:
    data = json.loads("\n".join(why("--json", "libglx0", "torch")))
    assert (data["version"], data["image"], data["arch"], data["suite"]) == (1, NAME, "amd64", "bookworm")
    assert data["packages"][0] == {
        "name": "libgl1",
        "version": "1.6.0-1",
        "size": None,
        "installed": True,
        "sonames": ["libGL.so.1"],
        "by": ["opencv-python"],
    }
    assert [each["version"] for each in data["packages"]] == ["1.6.0-1", None, "12.2.0-14", None, None]
    assert data["statuses"]["apt"] == {"needs": 6, "sonames": 4}
    assert data["duplicates"]["wasted"] == 390_000_000
    assert [problem.keys() for problem in data["problems"]] == [{"text", "remedy"}]
    libglx0, torch = data["answers"]
    assert [edge["needs"] for edge in libglx0.pop("chains")[0]] == ["libGLX.so.0", "libGL.so.1"]
    assert libglx0 == {
        "name": "libglx0",
        "kind": "package",
        "thing": "libglx0",
        "complete": True,
        "needs": [],
    }
    assert [edge["status"] for edge in torch["needs"]] == ["nvidia", "driver", "apt"]


@pytest.mark.parametrize(
    ("name", "close"),
    [("libgompp1", "libgomp1"), ("LightBGM", "lightgbm"), ("cuda", "libcuda.so.1"), ("cv2/cv.so", "cv2/cv2")],
)
def test_what_is_nowhere_fails_with_what_is_like_it(name: str, close: str, why: Why) -> None:
    with pytest.raises(ToolError, match=f"called {name}") as error:
        why("libgomp1", name)
    assert close in str(error.value.remedy)
    assert "It has 7 packages, 9 distributions and 11 libraries" in str(error.value.remedy)


def test_bazel_says_which_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ToolError, match="not known which image"):
        main([])
    (tmp_path / "closure.json").write_text(small().dumps())
    monkeypatch.setenv("WHY_CLOSURE", str(tmp_path / "closure.json"))
    monkeypatch.setenv("WHY_NAME", NAME)
    main([])
    assert capsys.readouterr().out.startswith(NAME)


@pytest.mark.parametrize("arguments", [["--json", "--graph"], ["--duplicates", "--json"], ["--what"]])
def test_malformed_arguments_end_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_the_graph_is_written_where_the_user_is(
    why: Why, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path / "here"))
    assert why("--graph") == [str(tmp_path / "here/train_py311.svg")]
    assert why("libglx0", "--graph", "gl.svg") == [str(tmp_path / "here/gl.svg")]
    about = (tmp_path / "here/gl.svg").read_text()
    assert f"{NAME} (amd64): libglx0" in about
    for words in (("--graph", "libglx0", "a.svg"), ("--graph", "a.svg", "libglx0")):
        assert why(*words) == [str(tmp_path / "here/a.svg")]
        assert (tmp_path / "here/a.svg").read_text() == about
    assert why("--graph", "libglx0") == [str(tmp_path / "here/train_py311.svg")]
    assert (tmp_path / "here/train_py311.svg").read_text() == about


def test_files_that_nothing_can_load_are_told(why: Why) -> None:
    files = {"pkg/arm.so": library(machine=183), "pkg/ok.so": library("libc.so.6")}
    pkg = replace(wheel("pkg", "1.0", files), errors={f"{SITE}/pkg/cut.so": "the ELF header is cut off"})
    closure = resolved(pkg)
    lines = why(closure=closure)
    assert "Broken, so that nothing can load them: pkg/cut.so (the ELF header is cut off)" in lines
    assert "For another machine: pkg/arm.so" in lines
    data = json.loads("\n".join(why("--json", closure=closure)))
    assert data["broken"] == {f"{SITE}/pkg/cut.so": "the ELF header is cut off"}
    assert data["foreign"] == [f"{SITE}/pkg/arm.so"]
