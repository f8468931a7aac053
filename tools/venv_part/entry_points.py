"""Entry points of a wheel, and the scripts that pip writes for them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from tools.common.errors import ToolError

_GROUPS = ("console_scripts", "gui_scripts")
_NAME = re.compile(r"[^/\0-\x1f\x7f]+")
_LONGEST = 255  # bytes in the name of a file
_EXTRAS = re.compile(r"\[[^\]]*\]\s*$")
_OF_EASY_INSTALL = re.compile(r"easy_install(-\d+\.\d+)?")
_OF_PIP = re.compile(r"pip(\d+(\.\d+)?)?")

# The bytes are a contract: who compares a virtual environment with pip's finds the same.
_SCRIPT = """\
#!{interpreter}
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit({call}())
"""

# For Python 3.8, which has no removesuffix, pip had another one. Ours begins with 3.9.


def parse(text: str, where: str) -> dict[str, str]:
    """The scripts of entry_points.txt: names and what they call, `module:function`.

    Args:
        text: the file.
        where: wheel and member, for messages.

    Raises:
        ToolError: a name cannot be that of a file, or a call is not one of a function.
    """
    scripts: dict[str, str] = {}
    group = ""
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line[1:-1].strip()
        elif line and not line.startswith(("#", ";")) and group in _GROUPS:
            name, _, call = (part.strip() for part in line.partition("="))
            call = _EXTRAS.sub("", call.partition(" #")[0]).strip()
            if not _NAME.fullmatch(name) or name in (".", "..") or name.startswith(".wh."):
                raise _error(where, f"the name {name!r} is not one of a script")
            if len(name.encode("utf-8", "surrogatepass")) > _LONGEST:
                raise _error(where, f"the name {name[:20]!r}... has more than {_LONGEST} bytes")
            if not _is_call(call):
                raise _error(where, f"{name} is {call!r}, which is not module:function")
            scripts[name] = re.sub(r"\s", "", call)
    return scripts


def for_python(scripts: Mapping[str, str], python: str) -> dict[str, str]:
    """The scripts that pip makes: its own and easy_install get the version of the Python that they are
    for.
    """
    found = dict(scripts)
    if "pip" in found:
        call = found["pip"]
        found = {name: each for name, each in found.items() if not _OF_PIP.fullmatch(name)}
        found |= dict.fromkeys(["pip", f"pip{python.partition('.')[0]}", f"pip{python}"], call)
    if "easy_install" in found:
        call = found["easy_install"]
        found = {name: each for name, each in found.items() if not _OF_EASY_INSTALL.fullmatch(name)}
        found |= dict.fromkeys(["easy_install", f"easy_install-{python}"], call)
    return found


def script(call: str, interpreter: str) -> bytes:
    """The script that calls `module:function`."""
    module, _, function = call.partition(":")
    text = _SCRIPT.format(
        interpreter=interpreter, module=module, name=function.partition(".")[0], call=function
    )
    return text.encode()


def _is_call(call: str) -> bool:
    module, colon, function = call.partition(":")
    names = [name.strip() for part in (module, function) for name in part.split(".")]
    return bool(colon) and all(name.isidentifier() and not keyword.iskeyword(name) for name in names)


def _error(where: str, problem: str) -> ToolError:
    return ToolError(problem, file=where, remedy="The wheel is made wrong. Lock another version.")
