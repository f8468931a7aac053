"""What `pythonX.Y -m venv --without-pip FOLDER` makes, for a Python that is in a layer and does not run here.

The activation scripts come from the templates in that Python's own standard library, so that they are those
of its patch level. The rest is little, and what changed between versions is said here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError
from tools.image_run.streams import open_tar

_GITIGNORE = "# Created by venv; see https://docs.python.org/3/library/venv.html\n*\n"

# Since these versions ...
_COMMAND_RECORDED = (3, 11)  # pyvenv.cfg says how it was made, and headers have a folder for each version
_GIT_IGNORED = (3, 13)


@dataclass(frozen=True)
class Base:
    """The Python below a virtual environment: its version in full, `3.11.2`, and its program's folder."""

    version: str
    home: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version as numbers."""
        return tuple(int(part) for part in self.version.split("."))

    @property
    def minor(self) -> str:
        """The version without patch level: `3.11`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def program(self) -> str:
        """The interpreter."""
        return f"{self.home}/python{self.minor}"


@dataclass(frozen=True)
class Skeleton:
    """What is made, by absolute path: folders, files with their modes, links with their targets."""

    folders: tuple[str, ...]
    files: Mapping[str, tuple[int, bytes]]
    links: Mapping[str, str]


def skeleton(prefix: str, base: Base, templates: Mapping[str, tuple[int, bytes]]) -> Skeleton:
    """An empty virtual environment.

    Args:
        prefix: its folder.
        base: the Python that made it.
        templates: name, mode and content of the activation scripts.
    """
    name = f"python{base.minor}"
    include = f"include/{name}" if base.numbers >= _COMMAND_RECORDED else "include"
    folders = ("", "bin", "include", include, "lib", f"lib/{name}", f"lib/{name}/site-packages")
    files = {
        f"bin/{script}": (mode, _filled(data, prefix, base)) for script, (mode, data) in templates.items()
    }
    files["pyvenv.cfg"] = (0o644, _configuration(prefix, base).encode())
    if base.numbers >= _GIT_IGNORED:
        files[".gitignore"] = (0o644, _GITIGNORE.encode())
    links = {"lib64": "lib", f"bin/{name}": base.program, "bin/python": name, "bin/python3": name}
    return Skeleton(
        tuple(dict.fromkeys(f"{prefix}/{folder}".rstrip("/") for folder in folders)),
        {f"{prefix}/{path}": file for path, file in files.items()},
        {f"{prefix}/{path}": target for path, target in links.items()},
    )


def read_templates(layer: Path, python: str) -> dict[str, tuple[int, bytes]]:
    """The activation scripts in a layer with a Python: mode and content by name."""
    place = re.compile(rf"(.*/)?lib/python{re.escape(python)}/venv/scripts/(common|posix)/([^/]+)")
    found: dict[str, tuple[int, bytes]] = {}
    with open_tar(layer) as archive:
        for member in archive:
            match = place.fullmatch(member.name)
            if match and (file := archive.extractfile(member)):
                found[match[3]] = (member.mode & 0o777, file.read())
    if "activate" not in found:
        raise ToolError(
            f"no templates of virtual environments for Python {python}",
            file=layer,
            remedy="Give the layer that has this Python's standard library, with the module venv.",
        )
    return found


def _filled(template: bytes, prefix: str, base: Base) -> bytes:
    """A script with its placeholders replaced, quoted for a shell as venv does it."""
    name = prefix.rpartition("/")[2]
    # Newer templates bring the parentheses themselves.
    prompt = name if b'"("__VENV_PROMPT__' in template or b"(%s)" in template else f"({name}) "
    values = {
        "__VENV_DIR__": prefix,
        "__VENV_NAME__": name,
        "__VENV_PROMPT__": prompt,
        "__VENV_BIN_NAME__": "bin",
        "__VENV_PYTHON__": f"{prefix}/bin/python{base.minor}",
    }
    text = template.decode()
    for key, value in values.items():
        text = text.replace(key, shlex.quote(value))
    return text.encode()


def _configuration(prefix: str, base: Base) -> str:
    """pyvenv.cfg."""
    lines = [f"home = {base.home}", "include-system-site-packages = false", f"version = {base.version}"]
    if base.numbers >= _COMMAND_RECORDED:
        lines.append(f"executable = {base.program}")
        lines.append(f"command = {base.program} -m venv --without-pip {prefix}")
    return "".join(f"{line}\n" for line in lines)
