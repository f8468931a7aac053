"""Wheels that were fetched once aren't fetched again, whatever becomes of the cache."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from wheels import cache, fetch
from wheels.errors import WheelError
from wheels.request import Request
from wheels.target import Target

from tools.testing.tiny_wheel import TinyWheel, sha256

_X86 = Target("3.11.2", "linux_x86_64")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder; pip's index is empty."""
    for name, value in {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_NO_INDEX": "1",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "cache/pycuda/wheels"


@pytest.fixture
def fetched(kept: Path, tmp_path: Path) -> tuple[Request, Path]:
    """A request, and the wheel that it led to; the index has it no more."""
    original = TinyWheel("app").write(tmp_path)
    request = Request("app.txt:3", "app", "1.0", (sha256(original),), _X86, "make lock")
    (tmp_path / "first").mkdir()
    wheel = fetch.fetch(request, tmp_path / "first")
    original.unlink()
    return request, wheel


def _again(request: Request, folder: Path, name: str = "again") -> Path:
    (folder / name).mkdir()
    return fetch.fetch(request, folder / name)


def test_the_second_time_no_index_is_asked(fetched: tuple[Request, Path], tmp_path: Path) -> None:
    request, wheel = fetched
    again = _again(request, tmp_path)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()
    assert list(again.parent.iterdir()) == [again]
    # One file on the disk, with three names.
    assert again.stat().st_nlink == 3
    assert again.stat().st_mode & stat.S_IROTH


@pytest.mark.parametrize(
    "change",
    [
        {"hashes": (f"sha256:{'a' * 64}",)},
        {"target": Target("3.13.5", "linux_x86_64")},
        {"target": Target("3.11.2", "linux_aarch64")},
        {"version": "1.1"},
    ],
)
def test_another_request_has_another_answer(
    fetched: tuple[Request, Path], tmp_path: Path, change: dict[str, object]
) -> None:
    request, _ = fetched
    with pytest.raises(WheelError):
        _again(replace(request, **change), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", [b"", b"other bytes"])
def test_a_damaged_file_is_not_used(
    fetched: tuple[Request, Path], kept: Path, tmp_path: Path, damage: bytes
) -> None:
    request, wheel = fetched
    whole = wheel.read_bytes()
    (cached,) = (path for path in kept.glob("files/*/*") if path.is_file())
    # In place: the first output base has it by another name.
    cached.write_bytes(damage)
    with pytest.raises(WheelError):
        _again(request, tmp_path)
    (tmp_path / wheel.name).write_bytes(whole)
    assert _again(request, tmp_path, "healed").read_bytes() == whole
    (tmp_path / wheel.name).unlink()
    assert _again(request, tmp_path, "kept").read_bytes() == whole


@pytest.mark.parametrize("text", ["", "sha256:aa", "sha256:aa ../../evil.whl", "\0", "a b c"])
def test_a_damaged_answer_is_not_used(
    fetched: tuple[Request, Path], kept: Path, tmp_path: Path, text: str
) -> None:
    request, _ = fetched
    (answer,) = (path for path in kept.glob("answers/*/*") if path.is_file())
    answer.write_text(text.replace("sha256:aa", request.hashes[0]))
    with pytest.raises(WheelError):
        _again(request, tmp_path)


def test_many_at_once_leave_whole_files(fetched: tuple[Request, Path], kept: Path, tmp_path: Path) -> None:
    request, wheel = fetched

    def work(number: int) -> bool:
        cache.put(kept, request, wheel)
        folder = tmp_path / str(number)
        folder.mkdir()
        found = cache.get(kept, request, folder)
        return found is not None and sha256(found) == request.hashes[0]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(64)))
    assert len([path for path in kept.rglob("*") if path.is_file()]) == 2


def test_a_cache_that_can_not_be_is_none(kept: Path, tmp_path: Path) -> None:
    kept.parent.mkdir(parents=True)
    kept.write_text("no folder")
    wheel = TinyWheel("app").write(tmp_path)
    request = Request("app.txt:3", "app", "1.0", (sha256(wheel),), _X86, "make lock")
    assert _again(request, tmp_path).is_file()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, Path("/x/pycuda/wheels")),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, Path("/h/.cache/pycuda/wheels")),
        # The specification has it ignored.
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, Path("/h/.cache/pycuda/wheels")),
        ({}, None),
        ({"HOME": "/h", "PIP_NO_CACHE_DIR": "1"}, None),
    ],
)
def test_the_folder_is_in_the_user_s_cache(environment: dict[str, str], expected: Path | None) -> None:
    assert cache.folder(environment) == expected


def test_onto_another_file_system_it_is_copied(fetched: tuple[Request, Path]) -> None:
    request, _ = fetched
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no second file system")
    target = Path("/dev/shm") / f"pycuda-{os.getpid()}"
    target.mkdir()
    try:
        found = cache.get(Path(os.environ["XDG_CACHE_HOME"], "pycuda/wheels"), request, target)
        assert found
        assert sha256(found) == request.hashes[0]
    finally:
        for path in target.iterdir():
            path.unlink()
        target.rmdir()
