"""The same environment in every compression, in several layers, and without byte code."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tools.image_run.streams import open_tar
from tools.layer.estargz import LANDMARK, TOC_ANNOTATION, TOC_NAME
from tools.layer.estargz_check import verify

Tree = dict[str, tuple[str, int, str]]


def layers(name: str) -> list[Path]:
    return [Path(path) for path in os.environ[name.upper()].split() if not path.endswith(".json")]


def tree(*blobs: Path) -> Tree:
    """What is in layers: kind, mode, and hash or link target, by path."""
    found: Tree = {}
    for blob in blobs:
        with open_tar(blob) as archive:
            for member in archive:
                content = member.linkname
                if member.isreg():
                    data = cast(BinaryIO, archive.extractfile(member)).read()
                    content = hashlib.sha256(data).hexdigest()
                assert member.isdir() or member.name not in found
                found[member.name] = member.type.decode(), member.mode, content
    return found


@pytest.fixture(scope="module", name="plain")
def _plain() -> Tree:
    found = tree(*layers("gzip"))
    assert len(found) > 1000
    return found


def test_estargz_is_the_same_with_a_table_of_contents(plain: Tree) -> None:
    (layer,) = layers("estargz")
    found = tree(layer)
    added = {LANDMARK, TOC_NAME, "usr", "usr/share"}
    assert {path: what for path, what in found.items() if path not in added} == plain
    annotations = json.loads(Path(os.environ["ANNOTATIONS"]).read_text(encoding="utf-8"))["annotations"]
    assert len(verify(layer, annotations[TOC_ANNOTATION]).entries) == len(plain) + 3
    subprocess.run(["gzip", "-t", layer], check=True)


def test_zstd_is_the_same_and_smaller(plain: Tree) -> None:
    (layer,) = layers("zstd")
    assert layer.name.endswith(".tar.zst")
    assert tree(layer) == plain
    assert layer.stat().st_size < 0.9 * layers("gzip")[0].stat().st_size


def test_layers_by_name_have_what_they_name_and_the_rest_is_on_top(plain: Tree) -> None:
    below, above = (
        tree(*(layer for layer in layers("grouped") if ("tools" in layer.name) == named))
        for named in (True, False)
    )
    assert below.keys() & above.keys() == {path for path in below if below[path][0] == "5" and path in above}
    assert below | above == plain
    site = "usr/share/python3/app/lib/python3.11/site-packages"
    assert {
        path.split("/")[6] for path in below if path.startswith(f"{site}/") and path.endswith("/RECORD")
    } == {path.split("/")[6] for path in plain if path.startswith((f"{site}/pip-", f"{site}/wheel-"))}
    assert "usr/share/python3/app/pyvenv.cfg" in above
    assert "usr/share/python3/app/bin/pip" in below


def test_byte_code_can_be_left_out(plain: Tree) -> None:
    found = tree(*layers("sources"))
    assert found.keys() == {path for path in plain if "__pycache__" not in path}
    different = {path for path in found if found[path] != plain[path]}
    assert different == {path for path in found if path.endswith("-info/RECORD") and path.count("/") == 8}
