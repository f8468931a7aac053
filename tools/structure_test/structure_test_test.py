"""The real container-structure-test inside a real image: what passes, and that each kind of test can fail."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tools.image_run import testing as make

_PROGRAM = Path(os.environ["STRUCTURE_TEST_PROGRAM"]).absolute()

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module", name="layout")
def _layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    layout: Path = make.single(
        tmp_path_factory.mktemp("image") / "layout",
        make.programs("cat", "env", "sh", "sleep", "touch"),
        [
            make.file("etc/only-here", b"in the image\n", 0o640),
            make.symlink("etc/absolute", "/etc/only-here"),
        ],
        Env=["PATH=/bin", "GREETING=hello"],
        Labels={"kind": "test"},
        Cmd=["sh"],
        WorkingDir="/etc",
    )
    return layout


@pytest.fixture(name="start")
def _start(layout: Path, tmp_path: Path) -> Start:
    def start(*documents: object, **changes: object) -> "subprocess.Popen[str]":
        configs = []
        for number, document in enumerate(documents):
            configs.append(tmp_path / f"test{number}.yaml")
            text = document if isinstance(document, str) else json.dumps(document)  # JSON is YAML
            configs[-1].write_text(text)
        spec = {
            "version": 1,
            "bwrap": "bwrap",
            "layout": str(layout),
            "program": str(_PROGRAM),
            "configs": [str(config) for config in configs],
        }
        (tmp_path / "spec.json").write_text(json.dumps(spec | changes))
        env = os.environ | {
            "PYTHONPATH": ":".join(sys.path),
            "STRUCTURE_TEST_SPEC": str(tmp_path / "spec.json"),
            "TEST_TMPDIR": str(tmp_path),
            "XML_OUTPUT_FILE": str(tmp_path / "test.xml"),
        }
        line = [sys.executable, "-m", "tools.structure_test"]
        return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


@pytest.fixture(name="run")
def _run(start: Start) -> Run:
    def run(*documents: object, **changes: object) -> "subprocess.CompletedProcess[str]":
        with start(*documents, **changes) as process:
            stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run


def _tests(**tests: object) -> dict[str, object]:
    return {"schemaVersion": "2.0.0", **tests}


GOOD = _tests(
    commandTests=[
        {
            "name": "env",
            "command": "env",
            "expectedOutput": ["(?m)^GREETING=hello$"],
            "excludedOutput": ["TEST_TMPDIR"],
        },
        {"name": "place", "command": "cat", "args": ["only-here"], "expectedOutput": ["^in the image\n$"]},
        {"name": "code", "command": "sh", "args": ["-c", "exit 3"], "exitCode": 3},
    ],
    fileExistenceTests=[
        {"name": "there", "path": "/etc/only-here", "permissions": "-rw-r-----"},
        {"name": "of this machine", "path": str(_PROGRAM), "shouldExist": False},
    ],
    fileContentTests=[{"name": "link", "path": "/etc/absolute", "expectedContents": ["^in the image\n$"]}],
    metadataTest={
        "envVars": [{"key": "GREETING", "value": "hello"}],
        "labels": [{"key": "kind", "value": "test"}],
        "cmd": ["sh"],
        "workdir": "/etc",
    },
)


def test_every_kind_of_test_passes(run: Run, tmp_path: Path) -> None:
    done = run(GOOD)
    assert done.returncode == 0, done.stdout
    assert "Passes:      7\n" in done.stdout
    assert "Failures:    0\n" in done.stdout
    assert done.stdout.endswith("\nPASS\n")
    assert done.stderr == ""
    suites = ElementTree.parse(tmp_path / "test.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("7", "0")


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ({"commandTests": [{"name": "x", "command": "cat", "args": ["/no"]}]}, "Expected: 0, Actual: 1"),
        (
            {"commandTests": [{"name": "x", "command": "env", "expectedOutput": ["MISSING"]}]},
            "'MISSING' not found",
        ),
        ({"fileExistenceTests": [{"name": "x", "path": "/no"}]}, "lstat /no: no such file"),
        (
            {"fileExistenceTests": [{"name": "x", "path": "/etc/only-here", "permissions": "-rwxr-xr-x"}]},
            "Actual: -rw-r-----",
        ),
        (
            {"fileContentTests": [{"name": "x", "path": "/etc/only-here", "expectedContents": ["no"]}]},
            "'no' not found",
        ),
        ({"metadataTest": {"envVars": [{"key": "GREETING", "value": "bye"}]}}, "GREETING"),
        ({"metadataTest": {"labels": [{"key": "kind", "value": "real"}]}}, "kind"),
        ({"metadataTest": {"cmd": ["python"]}}, "Cmd"),
        ({"metadataTest": {"workdir": "/srv"}}, "/srv"),
        ({"commandTets": []}, "field commandTets not found"),
        ({}, "No tests run"),
    ],
)
def test_every_kind_of_test_can_fail(
    run: Run, tmp_path: Path, tests: dict[str, object], message: str
) -> None:
    done = run(_tests(**tests))
    assert done.returncode == 1
    assert message in done.stdout
    assert ElementTree.parse(tmp_path / "test.xml").getroot().get("failures") == str(int(bool(tests)))


def test_text_and_report_are_of_one_run(run: Run, tmp_path: Path) -> None:
    once = {"name": "once", "command": "cat", "args": ["/proc/sys/kernel/random/uuid"], "exitCode": 1}
    done = run(_tests(commandTests=[once]))
    case = ElementTree.parse(tmp_path / "test.xml").find(".//testcase")
    assert case is not None
    assert (case.get("classname"), case.get("name")) == ("test0.yaml", "Command Test: once")
    assert "=== RUN: Command Test: once\n--- FAIL\n" in done.stdout
    assert f"stdout: {case.findtext('system-out')}" in done.stdout
    assert (case.findtext("failure") or "nothing") in done.stdout
    assert "your system" not in done.stdout


def test_output_that_is_no_xml_and_no_ascii(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    colour = {"name": "colour", "command": "sh", "args": ["-c", r"printf '\033[1m<\377&' >&2"]}
    assert run(_tests(commandTests=[colour])).returncode == 0
    output = ElementTree.parse(tmp_path / "test.xml").findtext(".//system-err")
    assert output == "\ufffd[1m<\ufffd&"


def test_program_that_gives_up(run: Run, tmp_path: Path) -> None:
    done = run(_tests(commandTests=[{"name": "x", "command": "missing"}]), GOOD)
    assert done.returncode == 1
    assert "executable file not found" in done.stderr
    assert "Error: container-structure-test ended with exit code 1 and no report" in done.stdout
    assert "Passes:      7\n" in done.stdout
    assert ElementTree.parse(tmp_path / "test.xml").getroot().get("failures") == "1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_at_once(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    endless = _tests(commandTests=[{"name": "endless", "command": "sleep", "args": ["1000"]}])
    with start(GOOD, endless, GOOD) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "PASS\n":
                break
        time.sleep(1)  # for the second configuration to begin; if it has not, the outcome is the same
        began = time.monotonic()
        process.send_signal(number)
        stdout, stderr = process.communicate()
    assert time.monotonic() - began < 5
    assert process.returncode == 128 + number
    assert stderr.endswith(f"error: ended by signal {number.value} before the tests were done\n")
    assert "Test file" not in stdout
    assert not list(tmp_path.glob("structure_test-*"))


def test_one_failing_configuration_fails_the_test(run: Run, tmp_path: Path) -> None:
    bad = _tests(metadataTest={"cmd": ["python"]})
    assert run(GOOD, bad, GOOD).returncode == 1
    suites = ElementTree.parse(tmp_path / "test.xml").getroot()
    assert [suite.get("name") for suite in suites] == ["test0.yaml", "test1.yaml", "test2.yaml"]
    assert (suites.get("tests"), suites.get("failures")) == ("15", "1")


def test_each_configuration_has_a_fresh_image(run: Run) -> None:
    write = {"name": "write", "command": "sh", "args": ["-c", "test ! -e /left && touch /left"]}
    look = {"name": "look", "path": "/left", "shouldExist": False}
    done = run(_tests(commandTests=[write]), _tests(commandTests=[write]), _tests(fileExistenceTests=[look]))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("schemaVersion: 9.9.9\n", "Unsupported schema version: 9.9.9"),
        ("commandTests: []\n", "Please provide schema version"),
        ("schemaVersion: [\n", "error parsing config file"),
    ],
)
def test_bad_configurations(run: Run, config: str, message: str) -> None:
    done = run(config)
    assert done.returncode == 1
    assert message in done.stdout


def test_bad_image_is_one_error(run: Run, tmp_path: Path) -> None:
    done = run(GOOD, layout=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {tmp_path}: not an OCI image layout")


def test_missing_program_is_one_error(run: Run) -> None:
    done = run(GOOD, program="/no/such")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: cannot bind /no/such: there is no such file or directory\n"


def test_without_a_specification() -> None:
    env = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    line = [sys.executable, "-m", "tools.structure_test"]
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error: STRUCTURE_TEST_SPEC is not set")
