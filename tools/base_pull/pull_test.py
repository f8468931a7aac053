"""The tool as repository rules run it, with images in folders; registries are in tests/pulled_base."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.base_pull.cache import Cache
from tools.base_pull.places import Places
from tools.common.errors import ToolError
from tools.image_run import testing as make
from tools.image_run.layout import open_image
from tools.registry.testing import serve

_TOOL = Path(__file__).absolute().parent
_NOBODY = "127.0.0.1:9/team/base"


def pull(
    folder: Path, digest: str, platform: str = "linux/amd64", mirrors: tuple[str, ...] = (), **environ: str
) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    request = {"image": _NOBODY, "digest": digest, "mirrors": mirrors, "platform": platform}
    return subprocess.run(
        [sys.executable, "-BIS", _TOOL, json.dumps(request)],
        cwd=folder,
        env={"PYCUDA_BLOBS": ""} | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


def layout(folder: Path, *architectures: str) -> tuple[str, str]:
    """A folder with an index, and the digest of that."""
    made = make.Layout(folder)
    images = [made.image([[make.file("arch", arch.encode())]], {}, arch) for arch in architectures]
    top = made.index(images)
    return str(made.finish(top)), str(top["digest"])


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64", "linux/arm64/v8"])
def test_one_image_of_an_index_becomes_a_layout(tmp_path: Path, platform: str) -> None:
    folder, digest = layout(tmp_path / "there", "amd64", "arm64")
    done = pull(tmp_path / "here", digest, platform, (folder,))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    image = open_image(tmp_path / "here")
    assert image.config.platform == platform.removesuffix("/v8")
    assert len(list((tmp_path / "here/blobs/sha256").iterdir())) == 3, "manifest, config and layer"


def test_an_image_without_an_index(tmp_path: Path) -> None:
    made = make.Layout(tmp_path / "there")
    image = made.image([[make.file("one")], [make.file("one")]])
    folder = str(made.finish(image))
    assert pull(tmp_path / "here", image["digest"], mirrors=(folder,)).returncode == 0
    assert open_image(tmp_path / "here").digest == image["digest"]
    done = pull(tmp_path / "other", image["digest"], "linux/arm64", (folder,))
    assert done.returncode == 1
    assert f"{_NOBODY}@{image['digest']}: is an image for linux/amd64, not for linux/arm64\n" in done.stderr
    assert not (tmp_path / "other/index.json").exists()


def test_the_variable_comes_before_the_mirrors_of_the_module(tmp_path: Path) -> None:
    folder, digest = layout(tmp_path / "there", "amd64")
    rotten, _ = layout(tmp_path / "rotten", "amd64")
    blob = tmp_path / "rotten/blobs" / digest.replace(":", "/")
    blob.write_bytes(blob.read_bytes() + b" ")
    assert pull(tmp_path / "a", digest, mirrors=(rotten,), PYCUDA_BASE_MIRROR=f"{folder},").returncode == 0
    done = pull(tmp_path / "b", digest, mirrors=(folder,), PYCUDA_BASE_MIRROR=rotten)
    assert (
        f"error: {blob}: has other bytes than the digest of {_NOBODY} says\nexpected {digest}" in done.stderr
    )


@pytest.mark.parametrize(
    ("digest", "platform", "problem"),
    [
        ("sha256:12", "linux/amd64", "'sha256:12' is no digest: it needs sha256: and 64 digits"),
        ("", "linux/s390x", "has no image for linux/s390x, only for: linux/amd64, linux/arm64/v8\n"),
    ],
)
def test_mistakes_in_the_module(tmp_path: Path, digest: str, platform: str, problem: str) -> None:
    folder, right = layout(tmp_path / "there", "amd64", "arm64")
    done = pull(tmp_path / "here", digest or right, platform, (folder,))
    assert done.returncode == 1
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("content", "problem"), [("<html>", "it is not JSON"), ("[]", "is no manifest")])
def test_what_is_no_manifest(tmp_path: Path, content: str, problem: str) -> None:
    made = make.Layout(tmp_path / "there")
    digest = made.blob(content.encode(), "")["digest"]
    done = pull(tmp_path / "here", digest, mirrors=(str(made.path),))
    assert done.returncode == 1
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_short_names_of_docker_hub_are_long_ones_in_mirrors(tmp_path: Path) -> None:
    nowhere = {"https_proxy": "http://127.0.0.1:9"}
    places = Places("docker.io/debian", ["127.0.0.1:9/hub/"], nowhere, Cache(None))
    with pytest.raises(ToolError) as failed:
        places.fetch("manifest", "sha256:" + "0" * 64, tmp_path / "blob")
    assert "  127.0.0.1:9/hub/library/debian: can't reach " in str(failed.value)


def test_a_busy_mirror_is_passed_over_soon(tmp_path: Path) -> None:
    """However long it asks to wait; it is asked for one thing only."""
    folder, digest = layout(tmp_path / "there", "amd64", "arm64")
    with serve() as mirror:
        for _ in range(5):
            mirror.then(429, Retry_After="300")
        started = time.monotonic()
        done = pull(tmp_path / "here", digest, mirrors=(f"{mirror.host}/hub", folder))
        assert done.returncode == 0, done.stderr
        assert time.monotonic() - started < 30
        assert len(mirror.seen) == 5
    assert len(list((tmp_path / "here/blobs/sha256").iterdir())) == 3, "manifest, config and layer"


def test_the_last_place_is_waited_for_as_it_asks(tmp_path: Path) -> None:
    folder, digest = layout(tmp_path / "there", "amd64")
    content = (Path(folder) / "blobs" / digest.replace(":", "/")).read_bytes()
    with serve() as registry:
        registry.then(429, Retry_After="3")
        registry.then(200, content)
        started = time.monotonic()
        places = Places(f"{registry.host}/base", [], {}, Cache(None))
        places.fetch("manifest", digest, tmp_path / "blob")
        assert time.monotonic() - started >= 3
    assert (tmp_path / "blob").read_bytes() == content


def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path) -> None:
    folder, digest = layout(tmp_path / "there", "amd64")
    cache = str(tmp_path / "cache")
    assert pull(tmp_path / "a", digest, mirrors=(folder,), PYCUDA_BLOBS=cache).returncode == 0
    assert pull(tmp_path / "b", digest, PYCUDA_BLOBS=cache).returncode == 0
    for blob in Path(cache).glob("*/*"):
        blob.unlink()
        blob.write_bytes(b"damaged")
    assert pull(tmp_path / "c", digest, mirrors=(folder,), PYCUDA_BLOBS=cache).returncode == 0
    assert open_image(tmp_path / "c").layers == open_image(tmp_path / "a").layers
    Path(cache).rename(tmp_path / "gone")
    Path(cache).touch()  # nothing can be kept there
    assert pull(tmp_path / "d", digest, mirrors=(folder,), PYCUDA_BLOBS=cache).returncode == 0
