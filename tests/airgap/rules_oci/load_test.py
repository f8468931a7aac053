"""oci_load: the archive that a container engine reads, as a file and through `bazel run`."""

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.airgap.layout import Json, Layout, sha256, unpack

HERE = Path("tests/airgap/rules_oci")


def members(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {entry.name: stream.read() for entry in tar if (stream := tar.extractfile(entry))}


def tarball(name: str) -> dict[str, bytes]:
    return members(Path(os.environ[name]).read_bytes())


def run(program: str, output: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"ENGINE_OUTPUT": str(output), "ENGINE_EXIT": str(code)}
    return subprocess.run([os.environ[program]], env=env, capture_output=True, text=True, check=False)


def test_docker_format() -> None:
    files = tarball("LOAD_TARBALL")
    app = Layout(HERE / "app")
    (manifest,) = json.loads(files["manifest.json"])
    assert manifest["RepoTags"] == ["registry.example/team/app:1", "registry.example/team/app:latest"]
    assert manifest["Config"] == "blobs/" + app.manifest["config"]["digest"].replace(":", "/")
    assert sha256(files[manifest["Config"]]) == app.manifest["config"]["digest"]
    diff_ids = [sha256(unpack(files[layer])) for layer in manifest["Layers"]]
    assert diff_ids == json.loads(files[manifest["Config"]])["rootfs"]["diff_ids"]
    assert set(files) == {"manifest.json", manifest["Config"], *manifest["Layers"]}


def test_oci_format() -> None:
    files = tarball("LOAD_INDEX_TARBALL")
    index = Layout(HERE / "index")
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "registry.example/team/app:index"}
    assert entry["digest"] == index.digest
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    blobs = {name: data for name, data in files.items() if name.startswith("blobs/")}
    assert {name: sha256(data) for name, data in blobs.items()} == {
        "blobs/" + digest.replace(":", "/"): digest for digest in index.blobs()
    }


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
