"""Images in a real registry are signed by //tools/sign, and the real cosign verifies them, or doesn't."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.airgap.registry import Certificate, serve
from tests.supply_chain.signing import Place, attach, keys, layout

WRONG, UNSIGNED = 1, 10  # exit codes of cosign
PROVENANCE = "https://slsa.dev/provenance/v1"


@pytest.fixture(scope="module", name="places")
def _places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Place]]:
    """As many empty repositories as one wants, in one registry."""
    folder = tmp_path_factory.mktemp("registry")
    with serve(folder / "registry") as registry:
        yield [Place(registry, f"team/{number}", folder) for number in range(20, 0, -1)]


@pytest.fixture(name="place")
def _place(places: list[Place]) -> Place:
    """A repository with the image."""
    place = places.pop()
    place.registry.put_layout(place.repository, "1", layout("IMAGE"))
    return place


@pytest.fixture(name="image")
def _image() -> str:
    return layout("IMAGE").digest


@pytest.fixture(scope="module", name="pair")
def _pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return keys(tmp_path_factory.mktemp("keys"))


def predicate(printed: str) -> dict[str, Any]:
    """The statement in what cosign prints of an attestation."""
    found: dict[str, Any] = json.loads(base64.b64decode(json.loads(printed)["payload"]))
    return found


def test_a_signed_image_verifies_and_is_signed_once(
    place: Place, image: str, pair: tuple[Path, Path]
) -> None:
    key, public = pair
    reference = place.reference(image)
    for said in ("signed", "has a signature of this key"):
        done = place.sign("--key", key, reference)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{reference}: {said}\n", "")
        assert len(place.referrers(image)) == 1
    done = place.verify(public, reference)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["critical"]["image"] == {"docker-manifest-digest": image}


def test_an_unsigned_image_and_a_wrong_key(
    place: Place, image: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    _, public = pair
    reference = place.reference(image)
    assert place.verify(public, reference).returncode == UNSIGNED
    other, other_public = keys(tmp_path, "other")
    assert place.sign("--key", other, reference).returncode == 0
    assert place.verify(public, reference).returncode == WRONG
    assert place.verify(other_public, reference).returncode == 0


def test_two_keys_sign_one_image(place: Place, image: str, pair: tuple[Path, Path], tmp_path: Path) -> None:
    other, other_public = keys(tmp_path, "other")
    reference = place.reference(image)
    for key in (pair[0], other):
        assert place.sign("--key", key, reference).stdout == f"{reference}: signed\n"
    for public in (pair[1], other_public):
        assert place.verify(public, reference).returncode == 0


def test_the_key_may_be_in_the_environment(place: Place, image: str, pair: tuple[Path, Path]) -> None:
    key, public = pair
    reference = place.reference(image)
    done = place.sign("--key", "env://MY_KEY", reference, MY_KEY=key.read_text())
    assert done.returncode == 0, done.stderr
    assert place.verify(public, reference).returncode == 0


def test_a_wrong_password_signs_nothing(place: Place, image: str, pair: tuple[Path, Path]) -> None:
    done = place.sign("--key", pair[0], place.reference(image), COSIGN_PASSWORD="wrong")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {pair[0]}: cosign public-key: ")
    assert "is COSIGN_PASSWORD the password of this key?" in done.stderr
    assert place.referrers(image) == []


def test_an_image_that_is_not_there(places: list[Place], image: str, pair: tuple[Path, Path]) -> None:
    reference = places.pop().reference(image)
    done = places[0].sign("--key", pair[0], reference)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {reference}: cosign sign: ")
    assert "Traceback" not in done.stderr


def test_attested_provenance_verifies(
    place: Place, image: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    key, public = pair
    reference = place.reference(image)
    statement = Path(os.environ["PROVENANCE"])
    more = [
        "--builder-id",
        "https://ci.example/7",
        "--source",
        "git+https://git.example/x",
        "--commit",
        "c" * 40,
    ]
    done = place.sign("--key", key, "--attest", statement, *more, reference)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{reference}: attested {statement.name}\n")
    options = ["--type", "slsaprovenance1"]
    verified = place.verify(public, reference, *options, command="verify-attestation")
    assert verified.returncode == 0, verified.stderr
    found = predicate(verified.stdout)
    assert found["predicateType"] == PROVENANCE
    assert found["subject"][0]["digest"] == {"sha256": image.removeprefix("sha256:")}
    assert found["predicate"]["runDetails"]["builder"]["id"] == "https://ci.example/7"
    sources, *others = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert sources["digest"] == {"gitCommit": "c" * 40}
    built = json.loads(statement.read_bytes())["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert others == built
    assert len(built) > 50
    _, other_public = keys(tmp_path, "other")
    wrong = place.verify(other_public, reference, *options, command="verify-attestation")
    assert wrong.returncode == WRONG


def test_documents_about_the_image_stay_when_it_is_signed(
    place: Place, image: str, pair: tuple[Path, Path]
) -> None:
    key, public = pair
    attach(place, Path(os.environ["REFERRERS"]), image)
    documents = place.referrers(image)
    assert [each["artifactType"] for each in documents] == [
        "application/spdx+json",
        "application/vnd.cyclonedx+json",
        "application/vnd.in-toto+json",
    ]
    reference = place.reference(image)
    assert place.verify(public, reference).returncode == UNSIGNED
    assert place.sign("--key", key, reference).returncode == 0
    assert place.verify(public, reference).returncode == 0
    digests = [each["digest"] for each in place.referrers(image)]
    assert len(digests) == 4
    assert {each["digest"] for each in documents} < set(digests)


def test_a_registry_with_an_authority_and_accounts_of_its_own(
    image: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    key, _ = pair
    certificate = Certificate.make(tmp_path)
    with serve(tmp_path / "registry", login="me", password="pass", certificate=certificate) as registry:
        config = tmp_path / "docker"
        config.mkdir()
        place = Place(registry, "team/app", tmp_path, {"DOCKER_CONFIG": str(config)})
        registry.put_layout(place.repository, "1", layout("IMAGE"))
        reference = place.reference(image)
        ca = ["--registry-ca", str(certificate.certificate)]
        for options, problem in (([], "certificate"), (ca, "UNAUTHORIZED")):
            done = place.sign("--key", key, *options, reference)
            assert done.returncode == 1
            assert done.stderr.startswith(f"error: {reference}: cosign sign: ")
            assert problem in done.stderr
        auth = base64.b64encode(b"me:pass").decode()
        (config / "config.json").write_text(json.dumps({"auths": {registry.host: {"auth": auth}}}))
        for said in ("signed", "has a signature of this key"):
            done = place.sign("--key", key, *ca, reference)
            assert (done.returncode, done.stdout) == (0, f"{reference}: {said}\n"), done.stderr
