"""The program that the repository rules run, from the outside."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import wheels

from tools.testing.tiny_wheel import TinyWheel, sha256

_PROGRAM = str(Path(str(wheels.__file__)).parent)
_HASH = f"sha256:{'a' * 64}"


def _run(
    folder: Path, command: str, argument: object, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-BIS",
            _PROGRAM,
            command,
            argument if isinstance(argument, str) else json.dumps(argument),
        ],
        cwd=folder,
        env={**os.environ, "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", **environment},
        capture_output=True,
        text=True,
    )


def _locks(folder: Path, text: str, **changes: object) -> dict[str, Any]:
    (folder / "lock.txt").write_text(text)
    request = {
        "file": "locks/app.txt",
        "lock": "lock.txt",
        "platforms": ["linux_x86_64"],
        "python": "3.11.2",
    } | changes
    done = _run(folder, "locks", [request])
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_locks_tells_pins_by_package_and_platform(tmp_path: Path) -> None:
    text = f"Six-Pack==1.0 --hash={_HASH}\nwin==1 ; sys_platform == 'win32' --hash={_HASH}\n"
    answer = _locks(tmp_path, text)
    assert answer["errors"] == {}
    assert answer["packages"] == {
        "six_pack": {
            "linux_x86_64": {
                "extras": [],
                "hashes": [_HASH],
                "name": "Six-Pack",
                "refresh": "",
                "version": "1.0",
                "where": "locks/app.txt:1",
            }
        }
    }


def test_locks_hands_errors_on_instead_of_failing(tmp_path: Path) -> None:
    assert _locks(tmp_path, "six==1.0")["errors"] == {
        "locks/app.txt:1": "locks/app.txt:1: six==1.0 has no --hash\n  compile the lock again, with hashes"
    }
    unknown = _locks(tmp_path, "", platforms=["osx_aarch64"])["errors"]
    assert (
        "target_platforms has osx_aarch64\n  known are linux_x86_64, linux_aarch64"
        in unknown["locks/app.txt"]
    )
    assert "No such file" in _locks(tmp_path, "", lock="missing.txt")["errors"]["locks/app.txt"]


def _fetch(folder: Path, wheel: Path, packages: list[str]) -> subprocess.CompletedProcess[str]:
    request = {
        "extras": ["fast"],
        "hashes": [sha256(wheel)],
        "name": "app",
        "packages": packages,
        "platform": "linux_x86_64",
        "python": "3.11.2",
        "refresh": "make lock",
        "version": "1.0",
        "where": "locks/app.txt:7",
    }
    return _run(folder, "fetch", request, PIP_FIND_LINKS=str(wheel.parent))


def test_fetch_tells_locked_and_missing_dependencies(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    requires = ["there", "Not_There", "turbo; extra == 'fast'", "colorama; sys_platform == 'win32'"]
    wheel = TinyWheel("app", requires=requires).write(tmp_path / "index")
    done = _fetch(tmp_path, wheel, ["app", "there", "turbo", "unrelated"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "deps": ["there", "turbo"],
        "file": "app-1.0-py3-none-any.whl",
        "missing": ["not_there"],
        "name": "app",
        "version": "1.0",
    }
    assert (tmp_path / wheel.name).is_file()


def test_fetch_refuses_a_wheel_that_leaves_its_root(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    wheel = TinyWheel("app", files={"../../evil.py": b""}).write(tmp_path / "index")
    done = _fetch(tmp_path, wheel, [])
    assert done.returncode == 1
    assert "locks/app.txt:7: app==1.0: " in done.stderr
    assert "leaves the wheel's root" in done.stderr
    assert "refresh the lock: make lock" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_unpack_tells_what_is_wrong(tmp_path: Path) -> None:
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    done = _run(tmp_path, "unpack", {"compile": False, "wheel": str(wheel)})
    assert done.returncode == 1
    assert done.stderr.startswith("app-1.0-py3-none-any.whl: not a whole zip file")
