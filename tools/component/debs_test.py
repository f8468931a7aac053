"""What a .deb says of itself, from what //tools/deb_part made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.component.debs import chosen, installed, of_deb
from tools.component.record import Component
from tools.deb_part.debs import NO_EXCLUDES, Content, build
from tools.deb_part.unpack import unpack

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: me
License: GPL-2+
"""
CONTROL = """\
Source: tools (2:1.0-3)
Homepage: https://example.org/
Depends: libc6 (>= 2.3), a | b (<< 2), c:any
Pre-Depends: p
Provides: virtual (= 1), other
"""


def described(folder: Path, content: Content, name: str = "tool", version: str = "2:1.0-3+b1") -> Component:
    built = build(folder, name, content, version=version)
    part, facts = folder / "part", folder / "facts.json"
    with part.open("wb") as out:
        found = unpack(built.path, out, built.expected, NO_EXCLUDES, merged_usr=True)
    facts.write_text(json.dumps({"format": 1, **asdict(found)}))
    return of_deb(facts, part, built.expected.sha256)


def test_component_of_a_deb(tmp_path: Path) -> None:
    files = {"usr/bin/tool": "x" * 9999, "usr/share/doc/tool/copyright": COPYRIGHT}
    found = described(tmp_path, Content(files=files, control=CONTROL))
    (deb,) = tmp_path.glob("*.deb")
    assert found.sha256 == hashlib.sha256(deb.read_bytes()).hexdigest()
    assert found == Component(
        kind="deb",
        name="tool",
        version="2:1.0-3+b1",
        arch="amd64",
        sha256=found.sha256,
        license="GPL-2.0-or-later",
        supplier="Nobody <nobody@example.org>",
        source="tools",
        source_version="2:1.0-3",
        homepage="https://example.org/",
        file="tool_1.0-3+b1_amd64.deb",
        requires=(("p",), ("libc6",), ("a", "b"), ("c",)),
        provides=("virtual", "other"),
    )


@pytest.mark.parametrize(
    ("files", "links", "license_of"),
    [
        ({"usr/bin/tool": "x"}, {"usr/share/doc/tool": "base-tool"}, "base-tool"),
        ({"usr/share/doc/tool/README": "x"}, {"usr/share/doc/tool/copyright": "../base/copyright"}, "base"),
        ({}, {"usr/share/doc/tool": "../../../etc/passwd"}, ""),
        ({}, {"usr/share/doc/tool": "/usr/share/doc/base"}, "base"),
        ({"usr/bin/tool": "x"}, {}, ""),
        ({"usr/share/doc/tool/copyright": "prose"}, {}, ""),
    ],
)
def test_whose_copyright_file_counts(
    tmp_path: Path, files: dict[str, str], links: dict[str, str], license_of: str
) -> None:
    found = described(tmp_path, Content(files=files, links=links))
    assert (found.license, found.license_of) == ("", license_of)
    assert (found.source, found.source_version) == ("tool", "2:1.0-3+b1")


def test_packages_by_the_database_of_a_base(tmp_path: Path) -> None:
    status = tmp_path / "status"
    stanza = (
        "Package: {}\nStatus: {}\nMaintainer: Me <me@lists.ubuntu.com>\nArchitecture: amd64\nVersion: {}\n"
    )
    status.write_text(
        "\n".join(
            [
                stanza.format("a", "install ok installed", "1"),
                stanza.format("gone", "deinstall ok config-files", "1"),
                stanza.format("b", "install ok installed", "2"),
            ]
        )
    )
    assert [(each.kind, each.name, each.version, each.sha256) for each in installed(status)] == [
        ("installed", "a", "1", ""),
        ("installed", "b", "2", ""),
    ]
    candidates = [Component("deb", name, version, "amd64") for name, version in (("a", "0"), ("b", "2"))]
    assert chosen(candidates, status) == candidates[1:]


def test_other_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text("{}")
    with pytest.raises(ToolError, match=r"facts.json: is no facts of a .deb: has no 'package'"):
        of_deb(tmp_path / "facts.json", tmp_path / "part", "0")
