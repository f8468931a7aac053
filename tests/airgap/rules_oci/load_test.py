"""oci_load: the archive that a container engine reads, as a file and through `bazel run`."""

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.layout import Json, sha256, unpack

HERE = Path("tests/airgap/rules_oci")


def members(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: stream.read() for entry in tar if (stream := tar.extractfile(entry))}


def tarball(name: str) -> dict[str, bytes]:
    return members(Path(os.environ[name]).read_bytes())


def run(program: str, output: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"ENGINE_OUTPUT": str(output), "ENGINE_EXIT": str(code)}
    return subprocess.run([os.environ[program]], env=env, capture_output=True, text=True, check=False)


def reachable(blobs: dict[str, bytes], descriptor: Json) -> Iterator[str]:
    """The names of all blobs that a manifest or index leads to."""
    name = "blobs/" + descriptor["digest"].replace(":", "/")
    yield name
    assert len(blobs[name]) == descriptor["size"]
    if "manifest" in descriptor["mediaType"] or "index" in descriptor["mediaType"]:
        content = json.loads(blobs[name])
        for part in (*content.get("manifests", []), *content.get("layers", [])):
            yield from reachable(blobs, part)
        if "config" in content:
            yield from reachable(blobs, content["config"])


def test_docker_format() -> None:
    files = tarball("LOAD_TARBALL")
    (manifest,) = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == ["registry.example/team/app:1", "registry.example/team/app:latest"]
    config = files[manifest["Config"]]
    assert config == (HERE / "golden/app.config.json").read_bytes()
    assert manifest["Config"] == "blobs/" + sha256(config).replace(":", "/")
    diff_ids = [sha256(unpack(files[layer])) for layer in manifest["Layers"]]
    assert diff_ids == json.loads(config)["rootfs"]["diff_ids"]
    assert set(files) == {"manifest.json", manifest["Config"], *manifest["Layers"]}


def test_oci_format() -> None:
    files = tarball("LOAD_INDEX_TARBALL")
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "registry.example/team/app:index"}
    assert entry["digest"] == (HERE / "index.json.sha256").read_text().strip()
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    blobs = {name: data for name, data in files.items() if name.startswith("blobs/")}
    assert {name: "blobs/" + sha256(data).replace(":", "/") for name, data in blobs.items()} == {
        name: name for name in blobs
    }
    assert set(blobs) == set(reachable(blobs, entry))


@pytest.mark.parametrize("name", ["LOAD_TARBALL", "LOAD_INDEX_TARBALL"])
def test_members_say_nothing_of_the_machine(name: str) -> None:
    with tarfile.open(os.environ[name]) as tar:
        facts: set[Json | tuple[int, ...]] = {
            (entry.uid, entry.gid, entry.mode, int(entry.mtime)) for entry in tar
        }
    assert facts == {(0, 0, 0o755, 1672560000)}


@pytest.mark.parametrize("name", ["LOAD", "LOAD_INDEX"])
def test_run_gives_the_engine_the_same_archive(name: str, tmp_path: Path) -> None:
    done = run(name, tmp_path / "archive")
    assert done.returncode == 0, done.stderr
    assert members((tmp_path / "archive").read_bytes()) == tarball(name + "_TARBALL")


def test_the_engines_exit_code_counts(tmp_path: Path) -> None:
    done = run("LOAD", tmp_path / "archive", code=7)
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
