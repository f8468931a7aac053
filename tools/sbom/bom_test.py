"""What becomes of components that several actions describe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.component.record import Component
from tools.sbom.bom import Bom, Subject, merge
from tools.sbom.purl import purl

SUBJECT = Subject("app", "//x:app_amd64", "amd64", "sha256:" + "a" * 64, 7, "application/x")


def deb(name: str, version: str = "1", **more: object) -> Component:
    return replace(Component("deb", name, version, "amd64", "b" * 64), **more)  # type: ignore[arg-type]


def wheel(name: str, version: str = "1", **more: object) -> Component:
    return replace(Component("wheel", name, version, "", "c" * 64), **more)  # type: ignore[arg-type]


def refs(bom: Bom) -> list[str]:
    return [each.ref for each in bom.items]


def needs(bom: Bom) -> dict[str, tuple[str, ...]]:
    return {each.component.name: each.needs for each in bom.items if each.needs}


def test_each_component_is_there_once_and_in_one_order() -> None:
    parts = [wheel("x"), deb("b"), deb("a"), deb("b")]
    bom = merge(SUBJECT, parts, ["bookworm"])
    assert refs(bom) == ["deb-a-1-amd64", "deb-b-1-amd64", "wheel-x-1"]
    assert merge(SUBJECT, reversed(parts), ["bookworm"]) == bom


def test_what_differs_has_names_of_its_own() -> None:
    parts = [
        wheel("x", sha256="1" * 64),
        wheel("x", sha256="2" * 64),
        Component("files", "a:b_c"),
        Component("files", "a:b-c"),
        Component("files", "a_b-c", sha256="3" * 64),
    ]
    found = refs(merge(SUBJECT, parts, []))
    assert len(set(found)) == len(parts)


def test_a_deb_counts_more_than_the_database_of_the_base() -> None:
    parts = [
        Component("installed", "a", "1", "amd64"),
        Component("installed", "a", "2", "amd64"),
        Component("installed", "b", "1", "amd64"),
        deb("a"),
    ]
    assert refs(merge(SUBJECT, parts, [])) == ["deb-a-1-amd64", "installed-a-2-amd64", "installed-b-1-amd64"]


def test_a_licence_may_be_that_of_another_package() -> None:
    other = deb("base", license="LicenseRef-x", license_refs={"LicenseRef-x": "x"})
    parts = [deb("a", license_of="base"), deb("b", license_of="gone"), other]
    items = merge(SUBJECT, parts, []).items
    assert [each.component.license for each in items] == ["LicenseRef-x", "", "LicenseRef-x"]
    assert items[0].component.license_refs == {"LicenseRef-x": "x"}


def test_needs_lead_to_what_is_there_in_their_own_world() -> None:
    bom = merge(
        SUBJECT,
        [
            deb("a", requires=(("gone", "b"), ("virtual",), ("absent",), ("a",))),
            deb("b", requires=(("x",),)),
            deb("c", provides=("virtual", "b")),
            wheel("x", requires=(("b",), ("y",))),
            wheel("y"),
        ],
        [],
    )
    assert needs(bom) == {"a": ("deb-b-1-amd64", "deb-c-1-amd64"), "x": ("wheel-y-1",)}


@pytest.mark.parametrize(
    ("component", "suite", "url"),
    [
        (
            deb("libstdc++6", "1:2.0+b1~x"),
            "bookworm",
            "deb/debian/libstdc%2B%2B6@1:2.0%2Bb1~x?arch=amd64&distro=debian-12",
        ),
        (deb("a"), "", "deb/debian/a@1?arch=amd64"),
        (deb("a"), "duke", "deb/debian/a@1?arch=amd64&distro=debian-duke"),
        (wheel("torch", "2.0+cu128"), "bookworm", "pypi/torch@2.0%2Bcu128"),
        (Component("interpreter", "python", "3.12.11"), "", "generic/python@3.12.11"),
        (Component("installed", "a", "1ubuntu2", "amd64"), "bookworm", "deb/ubuntu/a@1ubuntu2?arch=amd64"),
        (Component("installed", "a", "1", "all", supplier="x <x@nvidia.com>"), "", "deb/nvidia/a@1?arch=all"),
        (Component("installed", "a", "1", "all"), "bookworm", "deb/debian/a@1?arch=all"),
        (
            Component("image", "Base", arch="arm64", sha256="0" * 64),
            "",
            f"oci/base@sha256:{'0' * 64}?arch=arm64",
        ),
        (Component("files", "x:y", sha256="0" * 64), "bookworm", ""),
    ],
)
def test_package_urls(component: Component, suite: str, url: str) -> None:
    assert purl(component, suite) == (f"pkg:{url}" if url else "")


@pytest.mark.parametrize(
    ("suites", "distro"), [(["bookworm", "bookworm"], True), (["bookworm", "trixie"], False)]
)
def test_packages_of_two_suites_name_neither(suites: list[str], distro: bool) -> None:
    (item,) = merge(SUBJECT, [deb("a")], suites).items
    assert ("distro=debian-12" in item.purl) is distro
