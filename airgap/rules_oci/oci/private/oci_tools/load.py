"""Load an image into a container engine: the rule's `loader`, or the first of docker, podman and nerdctl.

`bazel run` starts it for an oci_load; the JSON file beside it says which image. The tar goes through a
pipe, so it is written nowhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from . import archive, runfiles
from .errors import ToolError
from .layout import Layout

_ENGINES = ("docker", "podman", "nerdctl")


def _engine(loader: str) -> str:
    if loader:
        return str(runfiles.find(loader))
    for name in _ENGINES:
        if program := shutil.which(name):
            return program
    raise ToolError(
        f"no container engine on PATH: none of {', '.join(_ENGINES)}",
        remedy="Install one, or name a program in the `loader` attribute.",
    )


def main(args: list[str]) -> int:
    """Start the engine and feed it; its exit code is ours."""
    settings = runfiles.settings()
    layout = Layout(runfiles.find(settings["image"]))
    manifest = runfiles.find(settings["manifest"])
    reader, writer = os.pipe()
    command = [_engine(settings["loader"]), "load", "--input", f"/dev/fd/{reader}"]
    with subprocess.Popen(command, pass_fds=[reader]) as engine:
        os.close(reader)
        try:
            with os.fdopen(writer, "wb") as stream:
                archive.write(layout, settings["format"], manifest, stream)
        except BrokenPipeError:
            # The engine gave up; it has said why, and its exit code says that it did.
            pass
    return engine.returncode
