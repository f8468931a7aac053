"""What a cache has of one Python, no other Python gets."""

import os
import platform
import zlib
from pathlib import Path


def test_an_input_of_every_tool_names_the_interpreter_or_is_it() -> None:
    (program,) = (Path(path) for path in os.environ["PROGRAM"].split() if not path.endswith(".py"))
    first, *text = program.read_text(encoding="utf-8").splitlines()
    if first.startswith("#!/usr/bin/python3"):
        runtime = f"# Python {platform.python_version()}, zlib {zlib.ZLIB_RUNTIME_VERSION}: "
        assert any(line.startswith(runtime) for line in text)
    else:
        runfiles = Path(f"{program}.runfiles")
        assert any(path.name.startswith("python3") for path in runfiles.glob("*/bin/*"))
