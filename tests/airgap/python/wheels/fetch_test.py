"""Real pip fetches tiny wheels from a folder: for the right target, by hash, or with one clear message."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from wheels import cache, explain, fetch
from wheels.errors import WheelError
from wheels.request import Request
from wheels.target import Target

from tools.testing.simple_index import SimpleIndex
from tools.testing.tiny_wheel import TinySdist, TinyWheel, sha256

_X86 = Target("3.11.2", "linux_x86_64")
_ARM = Target("3.11.2", "linux_aarch64")
_REFRESH = "./bazelw run //venv:lock -- app"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of the repository that a wheel is fetched into."""
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


def _request(*wheels: Path, target: Target = _X86, name: str = "app", version: str = "1.0") -> Request:
    hashes = tuple(sorted(sha256(wheel) for wheel in wheels))
    return Request("venv/locks/app.txt:3", name, version, hashes, target, _REFRESH)


def _message(request: Request, out: Path) -> str:
    with pytest.raises(WheelError) as caught:
        fetch.fetch(request, out)
    assert list(out.iterdir()) == [], "a failed fetch leaves something behind"
    message = str(caught.value)
    assert message.startswith("venv/locks/app.txt:3: app==1.0: ")
    return message


_CP311 = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"


@pytest.mark.parametrize(
    ("python", "platform", "tags", "expected"),
    [
        ("3.11.2", "linux_x86_64", [_CP311, "cp311-cp311-manylinux_2_17_aarch64", "py3-none-any"], _CP311),
        ("3.9.2", "linux_x86_64", ["cp39-cp39-manylinux1_x86_64", _CP311], "cp39-cp39-manylinux1_x86_64"),
        (
            "3.14.0",
            "linux_x86_64",
            [_CP311, "cp314-cp314-manylinux_2_28_x86_64"],
            "cp314-cp314-manylinux_2_28_x86_64",
        ),
        ("3.14.0", "linux_x86_64", ["cp314-cp314t-manylinux_2_28_x86_64", "py3-none-any"], "py3-none-any"),
        (
            "3.13.0",
            "linux_x86_64",
            ["cp39-abi3-manylinux_2_17_x86_64", "py3-none-any"],
            "cp39-abi3-manylinux_2_17_x86_64",
        ),
        ("3.9.2", "linux_x86_64", ["cp310-abi3-manylinux_2_17_x86_64", "py3-none-any"], "py3-none-any"),
        (
            "3.11.2",
            "linux_aarch64",
            [_CP311, "py3-none-manylinux_2_17_aarch64"],
            "py3-none-manylinux_2_17_aarch64",
        ),
        ("3.11.2", "linux_x86_64", [_CP311, "cp311-cp311-manylinux_2_28_x86_64"], _CP311),
        # The platform decides before Python and ABI; but any platform is the last choice.
        ("3.11.2", "linux_x86_64", [_CP311, "cp37-abi3-manylinux1_x86_64"], "cp37-abi3-manylinux1_x86_64"),
        (
            "3.11.2",
            "linux_x86_64",
            [
                "cp311-cp311-manylinux_2_28_x86_64",
                "cp37-abi3-manylinux_2_17_x86_64",
                "py3-none-manylinux_2_12_x86_64",
            ],
            "py3-none-manylinux_2_12_x86_64",
        ),
        (
            "3.11.2",
            "linux_x86_64",
            ["cp311-cp311-linux_x86_64", "py3-none-manylinux_2_35_x86_64"],
            "py3-none-manylinux_2_35_x86_64",
        ),
        (
            "3.11.2",
            "linux_x86_64",
            ["cp311-cp311-manylinux_2_28_x86_64", "py3-none-any"],
            "cp311-cp311-manylinux_2_28_x86_64",
        ),
        (
            "3.11.2",
            "linux_x86_64",
            ["cp311-cp311-linux_x86_64", "cp311-cp311-musllinux_1_2_x86_64"],
            "cp311-cp311-linux_x86_64",
        ),
        (
            "3.11.2",
            "linux_x86_64",
            ["cp311-cp311-win_amd64", "cp311-cp311-macosx_11_0_arm64", "py2.py3-none-any"],
            "py2.py3-none-any",
        ),
    ],
)
def test_the_wheel_for_the_target_is_chosen(
    index: Path, out: Path, python: str, platform: str, tags: list[str], expected: str
) -> None:
    wheels = [TinyWheel("app", tags=tag).write(index) for tag in tags]
    wheel = fetch.fetch(_request(*wheels, target=Target(python, platform)), out)
    assert wheel.name == TinyWheel("app", tags=expected).file
    assert list(out.iterdir()) == [wheel]


def test_only_locked_files_are_candidates(index: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = TinyWheel("app").write(index)
    wheels = [TinyWheel("app", tags=_CP311).write(index), locked]
    page = index / "index.html"
    links = [f'<a href="{wheel.name}#{sha256(wheel).replace(":", "=")}">{wheel.name}</a>' for wheel in wheels]
    page.write_text(f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>")
    monkeypatch.setenv("PIP_FIND_LINKS", page.as_uri())
    assert fetch.fetch(_request(locked), out).name == locked.name


def test_the_users_pip_settings_do_not_change_the_choice(
    index: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = TinyWheel("app", requires=["other"]).write(index)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("app<1.0\nother==3\n")
    config = tmp_path / "pip.conf"
    config.write_text(
        f"[global]\nno-index = true\nfind-links = {index}\nconstraint = {constraints}\n"
        "require-virtualenv = true\nno-binary = :all:\nquiet = 1\n"
        "[download]\nplatform = win_amd64\nabi = cp27m\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    for name, value in {
        "PIP_CONSTRAINT": str(constraints),
        "PIP_NO_BINARY": ":all:",
        "PIP_PYTHON_VERSION": "2.7",
        "PIP_REQUIRE_VIRTUALENV": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert fetch.fetch(_request(wheel), out).name == wheel.name


def test_a_changed_file_shows_expected_got_and_the_command(index: Path, out: Path) -> None:
    request = _request(TinyWheel("app").write(index))
    changed = TinyWheel("app", files={"evil.py": b""}).write(index)
    message = _message(request, out)
    assert f"expected {request.hashes[0]}" in message
    assert f"got      {sha256(changed)}" in message
    assert f"refresh the lock: {_REFRESH}" in message


def test_no_wheel_for_the_target(index: Path, out: Path) -> None:
    wheel = TinyWheel("app", tags="cp311-cp311-win_amd64").write(index)
    message = _message(_request(wheel, target=_ARM), out)
    assert "no wheel for Python 3.11 on linux_aarch64" in message
    assert "target_platforms" in message
    assert _REFRESH in message


def test_a_wheel_for_later_pythons_only(index: Path, out: Path) -> None:
    wheel = TinyWheel("app", requires_python=">=3.12").write(index)
    assert "no wheel for Python 3.11" in _message(_request(wheel), out)


@pytest.mark.parametrize("retries", ["0", "1"])
def test_an_index_that_does_not_answer(
    index: Path, out: Path, monkeypatch: pytest.MonkeyPatch, retries: str
) -> None:
    wheel = TinyWheel("app").write(index)
    request = _request(wheel)
    wheel.unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", retries)
    message = _message(request, out)
    assert "the package index can't be reached" in message
    assert "pip config list" in message
    assert "secret" not in message


@pytest.mark.parametrize("kept", [0, 40, -30])
def test_a_locked_file_that_is_no_whole_wheel(index: Path, out: Path, kept: int) -> None:
    wheel = TinyWheel("app").write(index)
    wheel.write_bytes(wheel.read_bytes()[:kept])
    assert "the wheel is damaged" in _message(_request(wheel), out)


def test_a_full_disk_is_told_as_such() -> None:
    request = replace(_request(), hashes=())
    said = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    assert "no space left" in str(explain.explain(request, said))


def test_a_missing_pip_is_told_as_such() -> None:
    asked = subprocess.run([sys.executable, "-S", "-I", "-m", "pip"], capture_output=True, text=True)
    assert "pip is missing" in str(explain.explain(_request(), asked.stderr))


def test_a_better_wheel_that_is_not_locked_is_none(index: Path, out: Path) -> None:
    locked = TinyWheel("app", tags=_CP311).write(index)
    TinyWheel("app", tags="cp37-abi3-manylinux1_x86_64").write(index)
    assert fetch.fetch(_request(locked), out).name == locked.name
    assert [path.name for path in out.iterdir()] == [locked.name]


@pytest.fixture
def indexes(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[SimpleIndex, str]]:
    """An index that a lock names, and the option that names it; pip's own has another version, or nothing."""
    main, extra = SimpleIndex(tmp_path / "main"), SimpleIndex(tmp_path / "extra")
    main.add(TinyWheel("app", "2.0"))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with main.served(), extra.served():
        monkeypatch.setenv("PIP_INDEX_URL", main.url)
        yield extra, f"--extra-index-url {extra.url}"


def test_a_local_version_comes_from_the_index_that_the_lock_names(
    indexes: tuple[SimpleIndex, str], out: Path
) -> None:
    extra, option = indexes
    wheels = extra.add(*(TinyWheel("app", "1.0+cu128", tags=tags) for tags in (_CP311, "py3-none-win_amd64")))
    request = _request(*wheels, version="1.0+cu128")
    with pytest.raises(WheelError, match=r"no wheel for Python 3\.11"):
        fetch.fetch(request, out)
    wheel = fetch.fetch(replace(request, options=(option,)), out)
    assert sha256(wheel) == sha256(wheels[0])


def test_hashes_hold_for_the_index_of_the_lock_too(indexes: tuple[SimpleIndex, str], out: Path) -> None:
    extra, option = indexes
    request = replace(_request(*extra.add(TinyWheel("app"))), options=(option,))
    extra.add(TinyWheel("app", files={"evil.py": b""}))
    assert "the fetched wheel is not the locked one" in _message(request, out)


def test_variables_of_an_option_are_those_of_the_environment(
    indexes: tuple[SimpleIndex, str], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra, _ = indexes
    request = replace(_request(*extra.add(TinyWheel("app"))), options=("--extra-index-url ${EXTRA}",))
    with pytest.raises(WheelError) as caught:
        fetch.fetch(request, out)
    assert str(caught.value) == (
        "venv/locks/app.txt: `--extra-index-url ${EXTRA}` wants the variable EXTRA, which is not set\n"
        "  set it: export EXTRA=..."
    )
    monkeypatch.setenv("EXTRA", extra.url)
    assert fetch.fetch(request, out).is_file()


def test_an_index_of_the_lock_that_does_not_answer(indexes: tuple[SimpleIndex, str], out: Path) -> None:
    extra, _ = indexes
    request = _request(*extra.add(TinyWheel("app")))
    message = _message(replace(request, options=("--extra-index-url http://127.0.0.1:9/simple",)), out)
    assert (
        "http://127.0.0.1:9/simple, which venv/locks/app.txt names by --extra-index-url, can't be" in message
    )
    assert f"change `--extra-index-url` in the lock's source and refresh the lock: {_REFRESH}" in message


def test_what_others_have_is_fetched_without_the_index_of_the_lock(
    indexes: tuple[SimpleIndex, str], out: Path, tmp_path: Path
) -> None:
    (wheel,) = (tmp_path / "main/app").glob("*.whl")
    request = replace(
        _request(wheel, version="2.0"), options=("--extra-index-url http://127.0.0.1:9/simple",)
    )
    assert fetch.fetch(request, out).name == wheel.name
    # What the other one would have had is not known.
    kept = cache.folder(os.environ)
    assert kept
    assert not kept.exists()


def test_an_index_of_the_lock_that_wants_a_password(out: Path) -> None:
    request = replace(_request(), options=("--extra-index-url https://me:pw@a.invalid/simple/",))
    said = (
        "Could not fetch URL https://me:****@a.invalid/simple/app/: 401 Client Error: Unauthorized for url: x"
    )
    message = str(explain.explain(request, said))
    assert (
        "https://a.invalid/simple, which venv/locks/app.txt names by --extra-index-url, refuses us" in message
    )
    assert "~/.netrc" in message


def test_a_pin_with_a_source_distribution_only(indexes: tuple[SimpleIndex, str], out: Path) -> None:
    extra, option = indexes
    files = extra.add(TinySdist("app", "0.9"), TinySdist("app"), TinyWheel("app", tags=_CP311))
    request = replace(_request(*files), options=(option,))
    fetch.fetch(request, out).unlink()
    message = _message(replace(request, target=_ARM), out)
    assert "no wheel for Python 3.11 on linux_aarch64, only the source distribution app-1.0.tar.gz" in message
    assert "`sdist_wheel` of //venv:defs.bzl" in message
    assert "or supply one" in message
