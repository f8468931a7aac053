"""How tools read JSON that people or other tools have written: what is wrong with it names the file.

with Parsing("is no apt lock", path, remedy="Write it anew."):
    data = json.loads(path.read_text(encoding="utf-8"))
    return Lock(data["suite"], tuple(data["components"]))
"""

import json
import os

from tools.common.errors import ToolError


class Parsing:
    """Turns what Python says of a document that lacks something, or has other things, into a ToolError.

    Args:
        problem: what the file is not.
        file: the file.
        remedy: what to do about it, best a command to copy.
    """

    def __init__(self, problem: str, file: str | os.PathLike[str], *, remedy: str | None = None) -> None:
        self._problem, self._file, self._remedy = problem, file, remedy

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KeyError):
            reason = f"has no {error}"
        elif isinstance(error, json.JSONDecodeError):
            reason = f"it is not JSON ({error}); it may be truncated, or have a merge conflict"
        elif isinstance(error, ValueError | TypeError | AttributeError):
            reason = str(error)
        else:
            return
        raise ToolError(f"{self._problem}: {reason}", file=self._file, remedy=self._remedy) from error
