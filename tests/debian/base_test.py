"""The image `base` has no Python, and two of its commands say how to get one: that works."""

from __future__ import annotations

import re

import pytest

from tests.debian.runner import Run, output


@pytest.mark.parametrize("command", ["find-libdeps", "wait-for-port"])
def test_what_a_command_asks_for_lets_it_run(run: Run, online: list[str], command: str) -> None:
    asked = run(command, "--help")
    assert (asked.returncode, asked.stdout) == (127, "")
    remedy = re.search("to have one: (apt-install [a-z0-9]+)\n$", asked.stderr)
    assert remedy, asked.stderr
    shown = output(run(*online, "sh", "-ec", f"{remedy[1]} >&2; {command} --help"))
    assert shown.startswith(f"usage: {command} ")
