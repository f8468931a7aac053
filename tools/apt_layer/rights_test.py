"""Nothing gets into a layer that gives rights away but what the policy expects, as it expects it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.apt_layer.maker import Maker
from tools.apt_layer.rights import read_rights
from tools.common.errors import ToolError
from tools.deb_part.debs import Content, by_hand, member

ENTRY = {"path": "/usr/bin/x", "mode": "4755", "owner": "0:0", "why": "w"}


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def policy(folder: Path, package: str, *entries: Any) -> Path:
    path = folder / f"{package}.rights.json"
    path.write_text(json.dumps({"version": 1, "packages": {package: entries}}))
    return path


def content(mode: int) -> Content:
    return Content(files={"usr/bin/x": "x"}, modes={"usr/bin/x": mode})


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1755, 0o666, 0o757, 0o6777])
def test_a_file_with_more_rights_is_a_surprise(make: Maker, mode: int) -> None:
    assert make.error(make.deb("odd", content(mode))) == (
        f"error: odd 1.0 has /usr/bin/x with mode {mode:04o} and owner 0:0, "
        "which the policy of rights does not know\n"
        "  If the package must have it, add it with a reason to //apt/policy:rights.json, "
        "or to a file of your own (apt.lock(rights = [...])):\n"
        f'  {{"path": "/usr/bin/x", "mode": "{mode:04o}", "owner": "0:0", "why": "..."}}\n'
    )


@pytest.mark.parametrize("mode", [0o755, 0o644, 0o640, 0o775, 0o500])
def test_everyday_rights_are_none(make: Maker, mode: int) -> None:
    make.layer(make.deb("even", content(mode)))


def test_all_surprises_of_all_packages_are_named(make: Maker) -> None:
    modes = {"opt/open": 0o777, "opt/open/s": 0o4755, "opt/group": 0o2775}
    first = Content(files={"opt/open/s": "", "opt/group/x": ""}, modes=modes)
    error = make.error(make.deb("first", first), make.deb("second", content(0o4755)))
    assert [line.split(" and owner")[0] for line in error.splitlines() if line.startswith("error: ")] == [
        "error: first 1.0 has /opt/group with mode 2775",
        "error: first 1.0 has /opt/open with mode 0777",
        "error: first 1.0 has /opt/open/s with mode 4755",
        "error: second 1.0 has /usr/bin/x with mode 4755",
    ]


def test_what_is_not_roots_is_a_surprise(make: Maker) -> None:
    owned = member("./usr/bin/x")
    owned.uid, owned.gid = 1000, 1000
    assert "bad 1 has /usr/bin/x with mode 0644 and owner 1000:1000" in make.error(
        by_hand(make.folder, [owned])
    )


def test_what_is_expected_may_be_but_not_more_and_nowhere_else(make: Maker) -> None:
    known = make.deb("known", content(0o4755))
    layer = make.layer(known, rights=[policy(make.folder, "known", ENTRY)])
    assert layer.mode("usr/bin/x") == 0o4755
    less = policy(make.folder, "known", ENTRY | {"mode": "2755"})
    assert (
        "has /usr/bin/x with mode 4755 and owner 0:0, and the policy of rights says 2755 and 0:0"
        in make.error(known, rights=[less])
    )
    assert "does not know" in make.error(known, rights=[policy(make.folder, "other", ENTRY)])
    assert "does not know" in make.error(known, rights=[policy(make.folder, "known", ENTRY | {"path": "/x"})])


def test_what_packages_of_debian_have_is_known(make: Maker) -> None:
    passwd = Content(files={"usr/bin/passwd": "", "usr/bin/chsh": ""}, modes={"usr/bin/passwd": 0o4755})
    make.layer(make.deb("passwd", passwd))


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY | {"why": " "},
        {key: value for key, value in ENTRY.items() if key != "why"},
        ENTRY | {"more": ""},
        ENTRY | {"mode": "rwx"},
        ENTRY | {"owner": "root"},
        [],
    ],
)
def test_an_entry_without_sense_or_reason_is_refused(tmp_path: Path, entry: Any) -> None:
    path = policy(tmp_path, "known", entry)
    with pytest.raises(ToolError) as caught:
        read_rights([path])
    assert str(caught.value).startswith(f"error: {path}: ")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages": []}'])
def test_what_is_no_policy_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rights.json"
    path.write_text(text)
    with pytest.raises(ToolError, match=r"rights\.json: is not a policy of rights: "):
        read_rights([path])
