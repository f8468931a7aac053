"""The documents, as others' readers and schemas see them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from spdx_tools.spdx.model import Document, RelationshipType
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from tools.common.errors import ToolError
from tools.component.record import Component, dumps
from tools.image_run import testing as make
from tools.sbom.__main__ import main
from tools.sbom.bom import Subject, merge
from tools.sbom.cdx import cyclonedx
from tools.sbom.provenance import Builder, provenance
from tools.sbom.spdx import spdx
from tools.sbom.subject import read_subject

COMPONENTS = [
    Component(
        "deb",
        "libc6",
        "1:2.36-9+deb12u1",
        "amd64",
        "1" * 64,
        license="GPL-2.0-or-later AND LicenseRef-debian-libc6-own",
        license_refs={"LicenseRef-debian-libc6-own": "own: see /usr/share/doc/libc6/copyright"},
        supplier='"Libc, Team" <libc@lists.example>',
        source="glibc",
        source_version="2.36",
        homepage="https://example.org/ with a blank",
        file="libc6.deb",
        requires=(("base",),),
    ),
    Component("deb", "base", "1", "all", "2" * 64, supplier="Jane Doe <jane@example.org>"),
    Component("installed", "old", "1ubuntu1", "amd64"),
    Component("wheel", "torch", "2.0+cu128", "", "3" * 64, "BSD-3-Clause", homepage="https://example.org/"),
    Component("wheel", "bad", "1", "", "4" * 64, supplier="<>"),
    Component("interpreter", "python", "3.12.11", "", "5" * 64, "PSF-2.0"),
    Component("files", "app:layer", sha256="6" * 64, file="layer.tar.gz"),
    Component("image", "nvidia_cuda", arch="amd64", sha256="7" * 64),
]


class Made:
    """Documents about a small image."""

    def __init__(self, folder: Path, components: list[Component], monkeypatch: pytest.MonkeyPatch) -> None:
        layout = make.Layout(folder / "image")
        self.image = layout.finish(layout.image([[make.file("a")]]))
        self.folder = folder
        self.layout = folder / "referrers"
        (folder / "version").write_text("1.2.3\n")
        (folder / "components.json").write_text(dumps(components), encoding="utf-8")
        options = {
            "version": folder / "version",
            "image": self.image, "name": "app", "label": "//x:app_amd64", "suite": "bookworm",
            "layout": self.layout,
            "spdx": self.path("spdx"), "cyclonedx": self.path("cdx"), "provenance": self.path("provenance"),
            "builder-id": "https://ci.example/", "source": "git+https://git.example/x", "commit": "c" * 40,
        }  # fmt: skip
        line = [f"--{name}={value}" for name, value in options.items()]
        monkeypatch.setattr("sys.argv", ["sbom", *line, str(folder / "components.json")])
        main()

    def path(self, kind: str) -> Path:
        return self.folder / f"app.{kind}.json"

    def json(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path(kind).read_bytes())
        return found

    def files(self) -> dict[str, bytes]:
        folders = [
            path for path in self.folder.iterdir() if path.name not in ("image", "components.json", "version")
        ]
        files = [file for path in folders for file in ([path] if path.is_file() else path.rglob("*"))]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files if path.is_file()}

    def subject(self) -> dict[str, Any]:
        (found,) = json.loads((self.image / "index.json").read_bytes())["manifests"]
        return {key: found[key] for key in ("digest", "mediaType", "size")}


@pytest.fixture(name="made")
def _made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(tmp_path, COMPONENTS, monkeypatch)


def test_spdx_is_valid_and_whole(made: Made) -> None:
    document = parse_file(str(made.path("spdx")))
    assert isinstance(document, Document)
    assert validate_full_spdx_document(document) == []
    packages = {each.name: each for each in document.packages}
    assert len(packages) == 1 + len(COMPONENTS)
    for each in COMPONENTS:
        package = packages[each.name]
        assert (package.version or "") == each.version
        assert [checksum.value for checksum in package.checksums] == ([each.sha256] if each.sha256 else [])
    kinds = {each.name: str(each.supplier) for each in document.packages if each.supplier}
    assert kinds["libc6"] == "Organization: Libc, Team (libc@lists.example)"
    assert kinds["base"] == "Person: Jane Doe (jane@example.org)"
    relations = {
        (each.spdx_element_id, each.relationship_type, str(each.related_spdx_element_id))
        for each in document.relationships
    }
    libc6, base, below = (packages[name].spdx_id for name in ("libc6", "base", "nvidia_cuda"))
    assert ("SPDXRef-DOCUMENT", RelationshipType.DESCRIBES, "SPDXRef-image") in relations
    assert ("SPDXRef-image", RelationshipType.CONTAINS, libc6) in relations
    assert ("SPDXRef-image", RelationshipType.DESCENDANT_OF, below) in relations
    assert (libc6, RelationshipType.DEPENDS_ON, base) in relations


def test_cyclonedx_is_valid_and_whole(made: Made) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made.path("cdx").read_text()) is None
    document = made.json("cdx")
    components = {each["name"]: each for each in document["components"]}
    assert len(components) == len(COMPONENTS)
    for each in COMPONENTS:
        found = components[each.name]
        assert found.get("version", "") == each.version
        assert [each["content"] for each in found.get("hashes", [])] == ([each.sha256] if each.sha256 else [])
        assert [each["expression"] for each in found.get("licenses", [])] == (
            [each.license] if each.license else []
        )
    assert document["metadata"]["component"]["version"] == made.subject()["digest"]
    depends = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    assert depends.keys() == {"image", *(each["bom-ref"] for each in document["components"])}
    assert depends[components["libc6"]["bom-ref"]] == [components["base"]["bom-ref"]]


def test_package_urls_are_as_their_library_writes_them(made: Made) -> None:
    document = made.json("cdx")
    urls = [
        each["purl"]
        for each in [document["metadata"]["component"], *document["components"]]
        if "purl" in each
    ]
    assert len(urls) == len(COMPONENTS)  # one for the image, none for files
    for url in urls:
        parsed = PackageURL.from_string(url)
        assert parsed == PackageURL.from_string(parsed.to_string())
        assert parsed.to_string() == url


def test_provenance_names_everything_by_digest(made: Made) -> None:
    statement = made.json("provenance")
    digest = made.subject()["digest"].removeprefix("sha256:")
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "app", "digest": {"sha256": digest}}]
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["target"] == "//x:app_amd64"
    assert statement["predicate"]["runDetails"]["builder"]["id"] == "https://ci.example/"
    sources, *others = definition["resolvedDependencies"]
    assert sources["digest"] == {"gitCommit": "c" * 40}
    assert {each["digest"]["sha256"] for each in others} == {
        each.sha256 for each in COMPONENTS if each.sha256
    }


@pytest.mark.parametrize(
    ("builder", "sources"),
    [
        (Builder(), None),
        (
            Builder(source="git+https://git.example/x"),
            {"name": "sources", "uri": "git+https://git.example/x"},
        ),
        (Builder(commit="c"), {"name": "sources", "digest": {"gitCommit": "c"}}),
    ],
)
def test_provenance_says_what_is_known_of_the_sources(
    builder: Builder, sources: dict[str, Any] | None
) -> None:
    subject = Subject("app", "//x:app", "amd64", "sha256:0", 1, "")
    predicate = provenance(merge(subject, [], []), builder)["predicate"]
    assert predicate["runDetails"]["builder"]["id"] == "urn:pycuda:builder:unknown"
    assert predicate["buildDefinition"]["resolvedDependencies"] == ([sources] if sources else [])


def test_the_layout_has_a_manifest_for_each_document_that_refers_to_the_image(made: Made) -> None:
    def blob(descriptor: dict[str, Any]) -> bytes:
        data: bytes = (made.layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert descriptor["size"] == len(data)
        return data

    entries = json.loads((made.layout / "index.json").read_bytes())["manifests"]
    texts = {}
    for entry in entries:
        manifest = json.loads(blob(entry))
        (layer,) = manifest["layers"]
        assert manifest["subject"] == made.subject()
        assert manifest["artifactType"] == entry["artifactType"] == layer["mediaType"]
        assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
        assert blob(manifest["config"]) == b"{}"
        texts[manifest["artifactType"]] = blob(layer)
    assert texts == {
        "application/spdx+json": made.path("spdx").read_bytes(),
        "application/vnd.cyclonedx+json": made.path("cdx").read_bytes(),
        "application/vnd.in-toto+json": made.path("provenance").read_bytes(),
    }
    blobs = {path.name for path in (made.layout / "blobs/sha256").iterdir()}
    assert len(blobs) == 3 + 3 + 1


def test_the_same_bytes_whatever_the_order(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "again").mkdir()
    again = Made(tmp_path / "again", [*reversed(COMPONENTS), COMPONENTS[0]], monkeypatch)
    before = {name: data for name, data in made.files().items() if not name.startswith("again")}
    assert again.files() == before
    assert len(before) == 3 + 2 + 7


def test_documents_that_differ_in_anything_have_names_of_their_own() -> None:
    """SPDX 2.3, 6.5: a namespace is that of one document."""
    subject = Subject("app", "//x:app", "amd64", "sha256:" + "0" * 64, 100, "application/x")
    bom = merge(subject, COMPONENTS, ["bookworm"])
    others = [
        merge(replace(subject, digest="sha256:" + "1" * 64), COMPONENTS, ["bookworm"]),
        merge(subject, COMPONENTS[1:], ["bookworm"]),
        merge(subject, COMPONENTS, ["trixie"]),  # in the package URLs
    ]
    names = [spdx(each, "tool-1", 0)["documentNamespace"] for each in (bom, *others)]
    names += [spdx(bom, "tool-2", 0)["documentNamespace"], spdx(bom, "tool-1", 86400)["documentNamespace"]]
    assert len(set(names)) == len(names)
    assert spdx(bom, "tool-1", 0)["documentNamespace"] == names[0]
    serials = [cyclonedx(each, "tool", "1")["serialNumber"] for each in (bom, *others)]
    serials.append(cyclonedx(bom, "tool", "2")["serialNumber"])
    assert len(set(serials)) == len(serials)
    assert cyclonedx(bom, "tool", "1")["serialNumber"] == serials[0]


def test_the_time_is_that_of_source_date_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert Made(tmp_path, [], monkeypatch).json("spdx")["creationInfo"]["created"] == "1970-01-02T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(ToolError, match="SOURCE_DATE_EPOCH is 'today'"):
        main()


def test_an_index_is_refused(tmp_path: Path) -> None:
    layout = make.Layout(tmp_path / "index")
    path = layout.finish(layout.index([layout.image([[make.file("a")]])]))
    with pytest.raises(ToolError, match="this is not one image"):
        read_subject(path, "app", "//x:app")
