"""Files of hints: the curated one, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.common.errors import ToolError
from tools.common.names import canonical
from tools.lib_closure.hints import read_hints

CURATED = Path(__file__).with_name("hints.json")
PLUGIN = {"distribution": "numba", "files": ["numba/tbb*.so"], "why": "one of several"}


def written(tmp_path: Path, **lists: Any) -> Path:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
    path.write_text(json.dumps({"version": 1} | lists))
    return path


def test_the_curated_file_is_in_order() -> None:
    read_hints([CURATED])
    for name, entries in json.loads(CURATED.read_text()).items():
        if isinstance(entries, list):
            keys = [json.dumps({key: each[key] for key in sorted(each.keys() - {"why"})}) for each in entries]
            assert len(keys) == len(set(keys)), name
            for each in entries:
                owner = each.get("distribution", "x")
                assert owner == canonical(owner)
                assert len(each["why"].split()) > 2, each


@pytest.mark.parametrize(
    ("distribution", "file", "may_lack"),
    [
        ("casadi", "casadi/libcasadi_nlpsol_snopt.so.3.7", True),
        ("casadi", "casadi/libcasadi_nlpsol_ipopt.so.3.7", False),
        ("casadi", "casadi/libcasadi_linsol_mumps.so", False),
        ("nvidia-nvshmem-cu12", "nvidia/nvshmem/lib/nvshmem_bootstrap_mpi.so.3", True),
        ("nvidia-nvshmem-cu12", "nvidia/nvshmem/lib/libnvshmem_host.so.3", False),
        ("pyqt6-qt6", "PyQt6/Qt6/plugins/platforms/libqwayland.so", True),
        ("pyqt6-qt6", "PyQt6/Qt6/plugins/platforms/libqoffscreen.so", False),
    ],
)
def test_only_a_plugin_may_lack_libraries(distribution: str, file: str, may_lack: bool) -> None:
    assert bool(read_hints([CURATED]).plugin_of(distribution, file)) == may_lack


@pytest.mark.parametrize(
    ("distribution", "soname"),
    [
        ("mujoco", "libmujoco.so.3.3.2"),
        ("mujoco-core", "libmujoco.so.4.0.0"),
        ("triton", "libtriton.so"),
    ],
)
def test_a_distribution_loads_a_library_of_its_own(distribution: str, soname: str) -> None:
    hints = read_hints([CURATED]).preloads_of(distribution, soname)
    assert [hint.origin for hint in hints] == [distribution]


def test_the_hints_of_a_target_come_before_the_curated(tmp_path: Path) -> None:
    mine = written(tmp_path, driver=[{"sonames": ["libcuda.so.*"], "why": "of ours"}])
    theirs = written(tmp_path, driver=[{"sonames": ["libcuda.so.1", "libother.so"], "why": "curated"}])
    hints = read_hints([theirs, mine])
    assert [
        hint.why for hint in (hints.driver_of("libcuda.so.1"), hints.driver_of("libother.so")) if hint
    ] == [
        "of ours",
        "curated",
    ]
    assert hints.driver_of("libcudart.so.12") is None


def test_a_distribution_may_be_spelt_as_on_its_page(tmp_path: Path) -> None:
    hints = read_hints(
        [
            written(
                tmp_path,
                plugins=[PLUGIN | {"distribution": "Our_Lib"}],
                preload=[
                    {"distribution": "Our.Lib", "from": "Their_Lib", "sonames": ["liba.so"], "why": "first"}
                ],
            )
        ]
    )
    assert hints.plugin_of("our-lib", "numba/tbbpool.so")
    assert [hint.origin for hint in hints.preloads_of("our-lib", "liba.so")] == ["their-lib"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"plugin": [PLUGIN]}, "has plugin, which is no list of hints"),
        (
            {"plugins": [PLUGIN, PLUGIN | {"extra": "x"}]},
            "plugins, entry 2: has not just distribution, files, why",
        ),
        (
            {"plugins": [{"files": ["x"], "why": "x"}]},
            "plugins, entry 1: has not just distribution, files, why",
        ),
        ({"plugins": [PLUGIN | {"files": "numba/tbb.so"}]}, "plugins, entry 1: files is no list"),
        ({"plugins": [PLUGIN | {"files": []}]}, r"plugins, entry 1: files is \[\]"),
        ({"plugins": [PLUGIN | {"why": ""}]}, "plugins, entry 1: why is ''"),
        ({"plugins": ["numba"]}, "plugins, entry 1: has not just"),
        ({"plugins": 5}, "plugins is no list"),
        ({"plugins": PLUGIN}, "plugins is no list"),
        ({"version": 2}, "is not hints of version 1"),
        (
            {"variants": [{"distribution": "codec", "groups": ["x"], "why": "x"}]},
            "variants, entry 1: groups is",
        ),
    ],
)
def test_a_file_that_is_none_is_named(data: dict[str, Any], problem: str, tmp_path: Path) -> None:
    path = written(tmp_path, **data)
    with pytest.raises(ToolError, match=problem) as raised:
        read_hints([path])
    assert raised.value.file == str(path)


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_text('{"version": 1')
    with pytest.raises(ToolError, match=r"hints\.json: is not JSON"):
        read_hints([path])
