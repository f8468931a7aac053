"""What a user sees of a lock that cannot be used, and that the command which the message names repairs it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apt.tests.nested import Nested
from tools.apt_lock.archive import Archive, Deb
from tools.apt_lock.locker import INPUT

COMMAND = "./bazelw run //apt:lock -- bookworm"
SET = "@bookworm//sets:base.amd64"
ENTRY = {
    "version": "1",
    "architecture": "amd64",
    "archive": "debian",
    "path": "pool/main/t/tool/tool_1_amd64.deb",
    "size": 1,
    "sha256": "0" * 64,
}
# The locks of two images' packages; whoever has the second calls Bazel by its own name.
IMAGES = """
apt.lock(name = "train", lock = "//apt/locks:train.apt.json")
apt.lock(name = "serve", lock = "//apt/locks:serve.apt.json", refresh = "bazel run @pycuda//apt:lock --")
use_repo(apt, "serve", "train")
"""
DEBS = [
    Deb(name, fields="Essential: yes\n" if name == "libc6" else "")
    for name in ("apt", "certs", "libc6", "python")
]


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    workspace = Nested(tmp_path_factory.mktemp("nested"))
    written = workspace.own / "bookworm.in.json"
    written.unlink()
    written.write_text(json.dumps(INPUT))
    module = workspace.root / "MODULE.bazel"
    text = module.read_text()
    module.unlink()
    module.write_text(text + IMAGES)
    yield workspace
    workspace.bazel("shutdown")


def entry(**change: Any) -> Callable[[str], str]:
    """Changes the entry of the package; None leaves a key out."""

    def damage(text: str) -> str:
        content = json.loads(text)
        changed = ENTRY | change
        content["packages"]["amd64"]["tool"] = {
            key: changed[key] for key in changed if changed[key] is not None
        }
        return json.dumps(content)

    return damage


def without(*keys: str) -> Callable[[str], str]:
    def damage(text: str) -> str:
        content = json.loads(text)
        place = content
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]
        return json.dumps(content)

    return damage


def closure(name: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        content = json.loads(text)
        content["sets"]["base"]["closure"] = name
        return json.dumps(content)

    return change


def message(nested: Nested, target: str = SET) -> list[str]:
    """The one error of a build that needs a package; nothing but fail() itself has a traceback."""
    done = nested.bazel("query", target)
    assert done.returncode != 0
    lines = done.stderr.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("Error")]
    assert len(starts) == 1, done.stderr
    return lines[starts[0] : starts[0] + 2]


NOT_JSON = "it is not JSON, or no object; it may be truncated, or have a merge conflict"
NOT_HEX = "which is not 64 lowercase hexadecimal digits"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda text: "<<<<<<< HEAD\n" + text, NOT_JSON),
        (lambda text: text[:100], NOT_JSON),
        (lambda text: "", NOT_JSON),
        (lambda text: "[]", NOT_JSON),
        (lambda text: '{"version": 99}', "it is not an apt lock of version 1"),
        (lambda text: '{"version": 1}', "it has no suite"),
        (without("packages"), "it has no packages"),
        (without("sets"), "it has no sets"),
        (without("sets", "base", "auto", "amd64"), 'set "base" has no packages for amd64'),
        (closure("all"), 'set "base" has the closure "all"; there are apt and elf'),
        (without("packages", "amd64", "tool"), 'tool (amd64) is in the set "base" but has no entry'),
        (entry(sha256=None), "tool (amd64) has no sha256"),
        (entry(path=None), "tool (amd64) has no path"),
        (entry(size=None), "tool (amd64) has no size"),
        (entry(version=""), "tool (amd64) has no version"),
        (entry(sha256="zz"), f'tool (amd64) has the sha256 "zz", {NOT_HEX}'),
        (entry(sha256=""), f'tool (amd64) has the sha256 "", {NOT_HEX}'),
        (entry(sha256="A" * 64), f'tool (amd64) has the sha256 "{"A" * 64}", {NOT_HEX}'),
        (entry(sha256=7), f"tool (amd64) has the sha256 7, {NOT_HEX}"),
    ],
)
def test_what_is_wrong_is_named(nested: Nested, damage: Callable[[str], str], reason: str) -> None:
    nested.lock({"tool": ENTRY})
    lock = nested.own / "bookworm.json"
    lock.write_text(damage(lock.read_text()))
    assert message(nested) == [
        f"Error in fail: apt: the lock apt/locks/bookworm.json cannot be used: {reason}.",
        f"  Write it anew: {COMMAND}",
    ]


def test_the_closure_of_a_set_is_the_locks(nested: Nested) -> None:
    lock = nested.own / "bookworm.json"
    for change, expected in ((closure("elf"), "elf"), (lambda text: text, "apt")):
        nested.lock({"tool": ENTRY})
        lock.write_text(change(lock.read_text()))
        assert f'closure = "{expected}"' in nested.bazel("query", "--output=build", SET).stdout


def conflict(lock: Path) -> None:
    lock.write_text(f"<<<<<<< HEAD\n{lock.read_text()}")


def no_hash(lock: Path) -> None:
    lock.write_text(entry(sha256=None)(lock.read_text()))


@pytest.mark.parametrize("damage", [conflict, no_hash, Path.unlink])
def test_the_command_of_the_message_writes_the_lock_anew(
    nested: Nested, damage: Callable[[Path], None]
) -> None:
    nested.lock({"tool": ENTRY})
    damage(nested.own / "bookworm.json")
    command = message(nested)[1].partition("./bazelw ")[2].split()
    # apt makes file names of whole paths, and those of pytest below Bazel's are too long for that.
    with tempfile.TemporaryDirectory(prefix="mirror-") as folder:
        archive = Archive(Path(folder) / "archive")
        archive.publish_all(DEBS)
        env = {"APT_MIRROR": f"file:{archive.root}/debian"}
        done = nested.bazel(*command, f"--keyring={archive.keyring}", env=env)
    assert done.returncode == 0, done.stderr
    assert "  + amd64 certs 1.0 " in done.stdout
    done = nested.bazel("query", SET)
    assert done.returncode == 0, done.stderr


def test_another_lock_is_of_use_all_the_same(nested: Nested) -> None:
    (nested.own / "bookworm.json").unlink(missing_ok=True)
    done = nested.bazel("query", "@trixie//sets:base.amd64")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "bazel"), [("train", "./bazelw"), ("serve", "bazel")])
@pytest.mark.parametrize(("text", "reason"), [(None, "there is no such file"), ("{", NOT_JSON)])
def test_the_lock_of_an_image_has_a_command_of_its_own(
    nested: Nested, name: str, bazel: str, text: str | None, reason: str
) -> None:
    lock = nested.own / f"{name}.apt.json"
    lock.unlink(missing_ok=True)
    if text is not None:
        lock.write_text(text)
    assert message(nested, f"@{name}//sets:elf.amd64") == [
        f"Error in fail: apt: the lock apt/locks/{name}.apt.json cannot be used: {reason}.",
        f"  Write it anew: {bazel} run //apt/locks:{name}_pkgdeps",
    ]
