"""Tells as JSON what a Python program built by Bazel finds around itself; with --out FILE into a file."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import greeting
from python.runfiles import Runfiles

from tools.common.errors import ToolError


def has_network() -> bool:
    """Whether any network but the loopback is there."""
    return any(name != "lo" for _, name in socket.if_nameindex())


def facts() -> dict[str, object]:
    """What is found."""
    runfiles = Runfiles.Create()
    assert runfiles is not None
    data = runfiles.Rlocation("_main/tests/airgap/python/exe/data.txt")
    library = runfiles.Rlocation("rules_python/python/runfiles/runfiles.py")
    return {
        "argv": sys.argv[1:],
        "data": Path(str(data)).read_text(encoding="utf-8"),
        "environment": os.environ.get("PROBE", ""),
        "exit": callable(exit),
        "file": Path(__file__).name,
        "greeting": greeting.GREETING,
        "library": Path(str(library)).is_file(),
        "main": __name__,
        "network": has_network(),
        "runfiles": [name for name in dir(Runfiles) if not name.startswith("_")],
        "tool_error": ToolError.__module__,
        "writes_bytecode": not sys.dont_write_bytecode,
    }


def main() -> None:
    """Writes the facts."""
    arguments = sys.argv[1:]
    text = json.dumps(facts(), indent=1, sort_keys=True)
    if arguments[:1] == ["--out"]:
        Path(arguments[1]).write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
