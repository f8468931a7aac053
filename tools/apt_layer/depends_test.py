"""Packages of one lock on those of another, and sets that lack what their packages' Depends name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.apt_layer.maker import Maker
from tools.apt_layer.relations import fields
from tools.deb_part.debs import Built, Content


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def deb(make: Maker, name: str, control: str = "") -> Built:
    return make.deb(name, Content(files={f"usr/share/{name}/x": ""}, control=control))


def stanza(text: str, name: str) -> dict[str, str]:
    (found,) = (each for each in text.split("\n\n") if each.startswith(f"Package: {name}\n"))
    return fields(found)


NEEDS = "Pre-Depends: gone-too\nDepends: base (>= 1), gone, gone | base, virtual, gone-either | gone\n"


@pytest.mark.parametrize("layers", [1, 2])
def test_needs_that_nothing_meets_are_left_out_and_kept_aside(make: Maker, layers: int) -> None:
    base = deb(make, "base", "Provides: virtual\n")
    top = deb(make, "top", NEEDS)
    if layers == 1:
        layer = make.layer(base, top, closure="elf")
    else:
        layer = make.layer(top, base=make.layer(base), closure="elf")
    found = stanza(layer.status.read_text(), "top")
    assert found["Depends"] == "base (>= 1), gone | base, virtual"
    assert "Pre-Depends" not in found
    assert found["X-Full-Depends"] == "base (>= 1), gone, gone | base, virtual, gone-either | gone"
    assert found["X-Full-Pre-Depends"] == "gone-too"
    assert layer.text("var/lib/dpkg/status") == layer.status.read_text()


def test_what_is_met_stays_as_it_is(make: Maker) -> None:
    debs = [deb(make, "base"), deb(make, "top", "Depends: base\nRecommends: gone\n")]
    assert make.layer(*debs, closure="elf").status.read_bytes() == make.layer(*debs).status.read_bytes()


def test_a_set_of_apt_stays_as_it_is(make: Maker) -> None:
    found = stanza(make.layer(deb(make, "top", NEEDS)).status.read_text(), "top")
    assert "X-Full-Depends" not in found
    assert found["Depends"].startswith("base (>= 1), gone,")


def test_dpkg_keeps_the_further_fields_and_finds_no_fault(make: Maker, tmp_path: Path) -> None:
    layer = make.layer(deb(make, "base", "Provides: virtual\n"), deb(make, "top", NEEDS), closure="elf")
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", layer.layer], check=True)
    for folder in ("updates", "triggers", "parts"):
        (root / "var/lib/dpkg" / folder).mkdir(exist_ok=True)
    admin = ["dpkg", f"--root={root}", "--force-not-root", "--log=/dev/null"]
    assert subprocess.run([*admin, "--audit"], capture_output=True, text=True, check=True).stdout == ""
    # An installation has dpkg check all needs, and write all stanzas anew.
    more = deb(make, "more", "Depends: top\n")
    options = ["--force-script-chrootless", "--force-bad-path", "--force-architecture", "--install"]
    subprocess.run([*admin, *options, more.path], check=True, capture_output=True)
    written = (root / "var/lib/dpkg/status").read_text()
    assert stanza(written, "top") == stanza(layer.status.read_text(), "top")
    assert stanza(written, "more")["Status"] == "install ok installed"


@pytest.mark.parametrize("closure", ["apt", "elf"])
@pytest.mark.parametrize(
    ("below", "control", "problem"),
    [
        ("", "Depends: base (>= 2)", "top 1.0 of the lock @team needs base (>= 2); the image has base 1.0"),
        ("", "Pre-Depends: base (= 0)", "top 1.0 of the lock @team needs base (= 0); the image has base 1.0"),
        (
            "Provides: virtual (= 1)",
            "Depends: virtual (>= 2) | gone",
            "needs virtual (>= 2) or gone; the image has base 1.0, which provides virtual (= 1)",
        ),
        (
            "",
            "Breaks: base (<< 2)",
            "top 1.0 of the lock @team cannot be in an image with base 1.0: top conflicts with base (<< 2)",
        ),
        (
            "Conflicts: top",
            "",
            "top 1.0 of the lock @team cannot be in an image with base 1.0: base conflicts with top",
        ),
        ("Conflicts: x", "Provides: x", "cannot be in an image with base 1.0: base conflicts with x"),
    ],
)
def test_what_does_not_fit_the_base_names_both(
    make: Maker, closure: str, below: str, control: str, problem: str
) -> None:
    base, top = (
        deb(make, "base", f"{below}\n" if below else ""),
        deb(make, "top", f"{control}\n" if control else ""),
    )
    error = make.error(top, base=make.layer(base), closure=closure)
    assert problem in error
    assert error.endswith("\n  Write both locks anew, so that they are of one state of the archive.\n")
    assert error.count("error: ") == 1
    together = make.error(base, top, closure=closure)
    assert together.count("error: ") == 1
    assert "conflicts with" in together or "needs" in together


@pytest.mark.parametrize(
    "control",
    ["Depends: base (>= 1)", "Breaks: base (<< 1)", "Conflicts: virtual\nProvides: virtual", "Breaks: gone"],
)
def test_what_fits_is_no_error(make: Maker, control: str) -> None:
    make.layer(deb(make, "top", f"{control}\n"), base=make.layer(deb(make, "base")))
