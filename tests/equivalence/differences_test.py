"""The list of differences forgives what it names, and nothing else; and it cannot rot."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.equivalence.differences import ListError, compare, problems, read_list
from tests.equivalence.invariants import INVARIANTS, Roots
from tests.equivalence.tree import snapshot

ENTRY = {"paths": ["/x"], "difference": "content", "why": "it is so"}
IMAGE_ONLY, REFERENCE_ONLY = "only in the image", "only in the reference"


@pytest.fixture(name="roots")
def _roots(tmp_path: Path) -> Roots:
    for name in ("image", "reference"):
        (tmp_path / name / "d").mkdir(parents=True)
        (tmp_path / name / "x").write_text("x")
        (tmp_path / name / "d/l").symlink_to("../x")
    return Roots(tmp_path / "image", tmp_path / "reference")


def found(roots: Roots, tmp_path: Path, *entries: Mapping[str, Any]) -> list[str]:
    """The problems with a list of these entries, without what is shown of the trees."""
    differences = compare(snapshot(roots.image), snapshot(roots.reference))
    wrong = problems(differences, read_list(_listed(tmp_path, *entries)), roots, "trixie", "runtime")
    return [": ".join(line.split(": ")[:3]) for line in wrong]


def _listed(folder: Path, *entries: Mapping[str, Any]) -> Path:
    path = folder / "list.json"
    path.write_text(json.dumps({"version": 1, "differences": entries}))
    return path


def more(root: Path) -> None:
    (root / "y").write_text("y")


def other_type(root: Path) -> None:
    (root / "x").unlink()
    (root / "x").mkdir(0o700)


def other_mode(root: Path) -> None:
    (root / "x").chmod(0o600)


def setuid(root: Path) -> None:
    (root / "d").chmod(0o4755)


def other_owner(root: Path) -> None:
    os.chown(root / "x", 7, 8)


def other_content(root: Path) -> None:
    (root / "x").write_text("X")


def other_target(root: Path) -> None:
    (root / "d/l").unlink()
    (root / "d/l").symlink_to("x")


def hard_links(root: Path) -> None:
    for name in ("x", "d/m"):
        (root / name).unlink(missing_ok=True)
    (root / "x").write_text("x")
    os.link(root / "x", root / "d/m")


def attribute(root: Path) -> None:
    os.setxattr(root / "x", "user.note", b"1")


CHANGES = [
    (more, {"/y": IMAGE_ONLY}),
    (other_type, {"/x": "type"}),
    (other_mode, {"/x": "mode"}),
    (setuid, {"/d": "mode"}),
    (other_content, {"/x": "content"}),
    (other_target, {"/d/l": "content"}),
    (hard_links, {"/d/m": IMAGE_ONLY, "/x": "links"}),
    (attribute, {"/x": "xattrs"}),
    *([(other_owner, {"/x": "owner"})] if os.geteuid() == 0 else []),
]


@pytest.mark.parametrize(("change", "kinds"), CHANGES)
def test_every_kind_is_found_and_can_be_listed(
    roots: Roots, tmp_path: Path, change: Any, kinds: dict[str, str]
) -> None:
    change(roots.image)
    assert found(roots, tmp_path) == [f"not on the list: {path}: {kind}" for path, kind in kinds.items()]
    entries = [ENTRY | {"paths": [path], "difference": kind} for path, kind in kinds.items()]
    assert found(roots, tmp_path, *entries) == []


def test_same_trees_do_not_differ(roots: Roots, tmp_path: Path) -> None:
    assert found(roots, tmp_path) == []


def test_what_only_the_reference_has_is_another_kind(roots: Roots, tmp_path: Path) -> None:
    more(roots.reference)
    entry = ENTRY | {"paths": ["/y"]}
    assert found(roots, tmp_path, entry | {"difference": REFERENCE_ONLY}) == []
    assert found(roots, tmp_path, entry | {"difference": IMAGE_ONLY}) == [
        f"not on the list: /y: {REFERENCE_ONLY}",
        f"on the list, and no longer so: /y: {IMAGE_ONLY}",
    ]


@pytest.mark.parametrize("where", [{}, {"suites": ["trixie"]}, {"images": ["runtime"]}])
def test_an_entry_that_nothing_matches_is_an_error(
    roots: Roots, tmp_path: Path, where: dict[str, Any]
) -> None:
    other_content(roots.image)
    entry = ENTRY | where | {"paths": ["/x", "/z*"]}
    assert found(roots, tmp_path, entry) == ["on the list, and no longer so: /z*: content"]


@pytest.mark.parametrize("where", [{"suites": ["bookworm"]}, {"images": ["buildtime"]}])
def test_an_entry_for_elsewhere_forgives_nothing(roots: Roots, tmp_path: Path, where: dict[str, Any]) -> None:
    assert found(roots, tmp_path, ENTRY | where) == []
    other_content(roots.image)
    assert found(roots, tmp_path, ENTRY | where) == ["not on the list: /x: content"]


@pytest.mark.parametrize(
    ("invariant", "image", "reference", "holds"),
    [
        ("same lines", "a\nb\n", "b\na\n", True),
        ("same lines", "a\nb\n", "b\nb\n", False),
        ("same stanzas", "a\n\nb\n\n", "b\n\na\n\n", True),
        ("same stanzas", "a\n\nb\n\n", "b\n\nb\n\n", False),
        ("same triples", "1\n2\n3\n4\n5\n6\n", "4\n5\n6\n1\n2\n3\n", True),
        ("same triples", "1\n2\n3\n4\n5\n6\n", "4\n5\n3\n1\n2\n6\n", False),
        ("undated", "root:*::0:9:7:::\n", "root:*:20000:0:9:7:::\n", True),
        ("undated", "root:*::0:9:7:::\n", "root:!:20000:0:9:7:::\n", False),
        ("undated", "root:*::0:9:7:::\n", "root:*:::9:7:::\n", False),
        ("lib64 more", "/lib64\n/.lib64.usr-is-merged\nbase-files\n", "", True),
        ("lib64 more", "/a\n/b\nc\n", "", False),
        ("own architecture", "arm64\n", "amd64\n", True),
        ("own architecture", "armhf\n", "amd64\n", False),
        ("empty", "x", "", True),
        ("empty", "x", "y", False),
        ("no logins", "", "\0\0", True),
        ("no logins", "", "\0\1", False),
        ("archive of the test", "", "deb [trusted=yes] copy:/a trixie main\n", True),
        ("archive of the test", "", "deb http://mirror.example/debian trixie main\n", False),
    ],
)
def test_invariants_can_fail(
    roots: Roots, tmp_path: Path, invariant: str, image: str, reference: str, holds: bool
) -> None:
    (roots.image / "x").write_text(image)
    (roots.reference / "x").write_text(reference)
    wrong = found(roots, tmp_path, ENTRY | {"invariant": invariant})
    assert wrong == [] if holds else [line.split(":")[0] for line in wrong] == [f"not {invariant!r}"]


SLIM = {"etc/dpkg/dpkg.cfg.d/slim": "path-exclude /a\npath-include /a/b\n"}


@pytest.mark.parametrize(
    ("invariant", "image", "reference", "holds"),
    [
        ("path rules", SLIM, {"x": "path-exclude=/a\npath-include=/a/b\nforce-unsafe-io\n"}, True),
        ("path rules", SLIM, {"x": "path-include=/a/b\npath-exclude=/a\n"}, False),
        ("owned by _apt", {"etc/passwd": f"_apt:x:{os.geteuid()}:0::/:/bin/false\n"}, {}, os.geteuid() == 0),
        ("owned by _apt", {"etc/passwd": "_apt:x:42:0::/:/bin/false\n"}, {}, False),
    ],
)
def test_invariants_of_several_files_can_fail(
    roots: Roots, invariant: str, image: Mapping[str, str], reference: Mapping[str, str], holds: bool
) -> None:
    for root, texts in ((roots.image, image), (roots.reference, reference)):
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
    assert (INVARIANTS[invariant](roots, "/x") == "") == holds


@pytest.mark.parametrize(("module", "holds"), [("a.b", True), ("a", False)])
def test_byte_code_without_its_source_is_an_error(roots: Roots, module: str, holds: bool) -> None:
    (roots.image / "d/a.b.py").symlink_to("/etc/a.py")
    code = f"/d/__pycache__/{module}.cpython-311.pyc"
    assert (INVARIANTS["source is there"](roots, code) == "") == holds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"why": ""}, "needs paths and why"),
        ({"paths": []}, "needs paths and why"),
        ({"difference": "size"}, "is of no known kind"),
        ({"invariant": "fine"}, "names the unknown invariant fine"),
        ({"suite": ["trixie"]}, "has unknown keys: suite"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ListError, match=message):
        read_list(_listed(tmp_path, ENTRY | change))


IMAGES = {"base", "runtime", "buildtime", "libraries"}


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("differences.json", IMAGES),
        ("unpacked.json", IMAGES - {"base", "libraries"}),
        ("architectures.json", IMAGES - {"base", "libraries"}),
    ],
)
def test_a_list_is_about_what_is_compared(name: str, images: set[str]) -> None:
    suites = set(os.environ["SUITES"].split())
    for entry in read_list(Path(__file__).with_name(name)):
        assert (entry.suites or suites) <= suites, entry
        assert (entry.images or images) <= images, entry
