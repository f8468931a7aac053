"""Damaged wheels, parts, facts, .debs and ELF files, odd entries of layers: one class of error comes out.

The examples are always the same. `bazel run //tests/fuzz:long -- --minutes 10` tries others.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import checks, elf_files
from tests.fuzz.damage import written
from tests.fuzz.seeds import SEEDS
from tools.elf_scan import elf

FOUND = sorted((Path(__file__).parent / "found").glob("*.hex"))
EXAMPLES = {"wheel": 1500, "part": 300, "facts": 300, "tar": 400, "deb": 300, "elf": 4000}


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_good_wheels(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[dict[str, bytes]] = []
    content = checks._content

    def noted(layer: Path) -> dict[str, bytes]:
        read.append(content(layer))
        return read[-1]

    monkeypatch.setattr(checks, "_content", noted)
    checks.wheel(written(SEEDS[name]))
    assert read


def test_the_other_seeds_are_good() -> None:
    checks.part(checks.PART)
    checks.facts(checks.FACTS.dumps().encode())
    checks.deb(checks.DEB)


@pytest.mark.parametrize("name", elf_files.SEEDS)
def test_seeds_are_good_elf_files(name: str) -> None:
    facts = elf.read_stream(io.BytesIO(elf_files.SEEDS[name]))
    assert facts.loadable
    elf_files.check(elf_files.SEEDS[name])


@pytest.mark.parametrize("name", EXAMPLES)
def test_damage(name: str) -> None:
    check, strategy = checks.CHECKS[name]
    profile = settings(
        derandomize=True,
        max_examples=EXAMPLES[name],
        deadline=5000,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    profile(given(strategy)(check))()


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_before(path: Path) -> None:
    check, _ = checks.CHECKS[path.name.partition("-")[0]]
    check(bytes.fromhex(path.read_text(encoding="ascii")))
