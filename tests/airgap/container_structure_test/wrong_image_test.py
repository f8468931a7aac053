"""container_structure_test fails when the image is not as the configuration says."""

import json
import os
import subprocess


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([os.environ["WRONG_IMAGE"], *args], capture_output=True, text=True)


def test_it_fails_and_says_why() -> None:
    done = run()
    assert done.returncode != 0
    assert "/somewhere/else" in done.stdout + done.stderr


def test_arguments_are_handed_on() -> None:
    done = run("--output=json")
    report = json.loads(done.stdout.splitlines()[0])
    assert (report["Pass"], report["Fail"]) == (4, 1)
