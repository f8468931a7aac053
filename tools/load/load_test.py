"""What load makes of its command line, of damaged images, and of machines without an engine."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.image_run import testing as make
from tools.load.archive import write
from tools.load.image import load_from
from tools.load.options import parse
from tools.load.runtimes import Machine, Runtime, find

_HERE = str(Path(__file__).absolute().parents[2])


def layout(folder: Path) -> Path:
    return make.single(folder / "layout", [make.file("one", b"1")], [make.file("two", b"2")])


def load(*arguments: str, path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.load", *arguments],
        env={"PYTHONPATH": _HERE, "PATH": str(path)} | environ,
        capture_output=True,
        text=True,
    )


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return folder


def test_without_an_engine_it_says_what_to_do(tmp_path: Path) -> None:
    image = str(layout(tmp_path))
    variables = {"LOAD_LAYOUT": image, "LOAD_TAGS": "app:latest", "LOAD_SHELL": "//:app_shell"}
    done = load(path=tmp_path, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: there is no container engine to load into\n"
        "docker: is not on PATH\n"
        "podman: is not on PATH\n"
        "  Start one, or install one, on Debian with: apt-get install podman\n"
        "  Without one the image starts all the same: bazel run //:app_shell\n"
    )
    inside = load(path=tmp_path, BAZELW_INSIDE="toolbox", LOAD_TARGET="//:app_load", **variables)
    assert "./bazelw run --script_path=/tmp/load //:app_load && /tmp/load\n" in inside.stderr


def test_the_engine_that_was_asked_for_and_no_other(tmp_path: Path) -> None:
    docker = program(tmp_path / "bin", "docker", "echo no daemon here >&2; exit 1")
    options = ("--layout", str(layout(tmp_path)), "--tag", "app")
    said = load(*options, "--runtime=podman", path=docker).stderr
    assert "podman: is not on PATH" in said
    assert "docker" not in said
    said = load(*options, path=docker).stderr
    assert "docker: no daemon here\npodman: is not on PATH" in said


def test_an_engine_that_hangs_or_babbles_is_none(tmp_path: Path) -> None:
    """What it says need be no UTF-8."""
    path = program(tmp_path / "bin", "docker", "[ $1 = --version ] || exec /bin/sleep 300")
    program(path, "podman", "printf 'no \\377 here' >&2; exit 1")
    with pytest.raises(ToolError) as failed:
        find(None, "", "", Machine({"PATH": str(path)}, patience=2))
    assert "docker: gave no answer for 2 seconds\npodman: no \ufffd here\n" in str(failed.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no image is named: start it with `bazel run //images:NAME_load`, or give --layout DIR"),
        (("--layout=x",), "the image has no name: give --tag NAME:TAG"),
        (("--layout=x", "--tag=Team/x"), "'Team/x' is no name of an image, such as team/train:dev"),
        (("--layout=x", "--tag=x@sha256:0"), "is no name of an image"),
        (("--layout=x", "--tag=x:"), "is no name of an image"),
        (("--layout=x", "--tag=x", "--runtime=lxc"), "invalid choice: 'lxc'"),
    ],
)
def test_a_wrong_command_line(
    arguments: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, {})
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "docker", "podman"),
    [
        ("app", "docker.io/library/app:latest", "localhost/app:latest"),
        ("team/app:1", "docker.io/team/app:1", "localhost/team/app:1"),
        ("registry.example/app", "registry.example/app:latest", "registry.example/app:latest"),
        ("localhost:5000/team/app:1", "localhost:5000/team/app:1", "localhost:5000/team/app:1"),
    ],
)
def test_names_are_what_the_engine_means_by_them(given: str, docker: str, podman: str) -> None:
    (name,) = parse(["--layout=x", f"--tag={given}"], {}).tags
    assert Runtime("docker", (), True).full_name(name) == docker
    assert Runtime("podman", (), True).full_name(name) == podman


def test_tags_of_the_command_line_replace_those_of_the_target() -> None:
    environ = {"LOAD_LAYOUT": "x", "LOAD_TAGS": "a:1 b:2", "BUILD_WORKING_DIRECTORY": "/home"}
    assert parse([], environ).tags == ("a:1", "b:2")
    options = parse(["--tag=c", "--tag=c:latest", "--layout=y"], environ)
    assert (options.tags, options.layout) == (("c:latest",), Path("/home/y"))


def test_an_engine_that_has_something_else_in_the_end_is_an_error(tmp_path: Path) -> None:
    """One that says yes to everything."""
    docker = program(tmp_path / "bin", "docker", "[ $1 != context ] || echo unix:///socket; echo sha256:0123")
    done = load("--layout", str(layout(tmp_path)), "--tag=app", path=docker)
    assert (done.returncode, done.stdout) == (1, "")
    config = load_from(tmp_path / "layout").config.digest
    assert "error: docker has another image as docker.io/library/app:latest\n" in done.stderr
    assert f"expected {config}\n     got sha256:0123\n" in done.stderr


@pytest.mark.parametrize(
    ("damage", "problem"), [("cut", "is not what its digest says"), ("gone", "is missing")]
)
def test_a_damaged_image_is_refused_before_anything_is_sent(
    tmp_path: Path, damage: str, problem: str
) -> None:
    folder = layout(tmp_path)
    blob = load_from(folder).blob(load_from(folder).layers[1].digest)
    blob.unlink()
    if damage == "cut":
        blob.write_bytes(b"")
    engine = program(tmp_path / "bin", "docker", 'echo "$@" >> ' + str(tmp_path / "calls"))
    done = load("--layout", str(folder), "--tag=app", path=engine)
    assert done.returncode == 1
    assert problem in done.stderr
    assert "layer 2 of 2" in done.stderr or str(blob) in done.stderr
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("docker", [True, False])
def test_an_archive_has_all_that_its_engine_reads(tmp_path: Path, docker: bool) -> None:
    image = load_from(layout(tmp_path))
    output = io.BytesIO()
    write(image, "a:1", output, docker=docker)
    with tarfile.open(fileobj=io.BytesIO(output.getvalue())) as archive:
        files = {entry.name: stream.read() for entry in archive if (stream := archive.extractfile(entry))}
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "a:1"
    assert entry["digest"] == image.digest
    blobs = {f"blobs/{each.digest.replace(':', '/')}" for each in (image.config, *image.layers)}
    assert blobs <= files.keys()
    assert ("manifest.json" in files) == docker
    if docker:
        (entry,) = json.loads(files["manifest.json"])
        assert {entry["Config"], *entry["Layers"]} == blobs
        assert entry["RepoTags"] == ["a:1"]
