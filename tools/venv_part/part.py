"""Makes a wheel's part of a venv's layer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.common.errors import ToolError
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind
from tools.venv_part import entry_points
from tools.venv_part.facts import Facts, describe_data, describe_file
from tools.venv_part.place import Placed, Venv, place
from tools.venv_part.record import installed_record
from tools.wheel.splice import add_member
from tools.wheel.wheel import Wheel

_SHEBANG = b"#!python"
_OTHER_VERSION = "The wheel is made wrong. Lock another version."


@dataclass(frozen=True)
class _File:
    """A file of the part: a member of the wheel as it is, or data of ours."""

    mode: int
    member: str = ""
    data: bytes = b""


def write_part(path: Path, venv: Venv, out: BinaryIO, *, requested: bool) -> Facts:
    """Writes the part of a wheel.

    Args:
        path: the wheel.
        venv: where it goes.
        out: where the part is written to.
        requested: whether the wheel was asked for by name, and is not there for others only.

    Raises:
        ToolError: the wheel is damaged or made wrong.
    """
    with Wheel.open(path) as wheel:
        _check_format(wheel)
        scripts = _scripts(wheel, venv)
        placed = place(wheel, venv, set(scripts))
        files = _members(wheel, placed)
        files |= _written(wheel, venv, placed, scripts, requested=requested)
        _check_tree(wheel, files)
        with PartWriter(out) as writer:
            described = {
                path.lstrip("/"): _add(writer, wheel, path, file) for path, file in sorted(files.items())
            }
        wheel.verify(sorted(set(wheel.names()) - {file.member for file in files.values()}))
        return Facts(
            source=path.name,
            name=wheel.name,
            version=wheel.version,
            requires_python=str(wheel.metadata.get("Requires-Python") or "").strip(),
            files=described,
        )


def _check_format(wheel: Wheel) -> None:
    member = f"{wheel.dist_info}/WHEEL"
    lines = wheel.read(member).decode("utf-8", "replace").splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    version = fields.get("Wheel-Version", "")
    if version.partition(".")[0] != "1":
        problem = f"{member}: Wheel-Version is {version!r}; only 1.x can be installed"
        raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)


def _scripts(wheel: Wheel, venv: Venv) -> dict[str, str]:
    """What entry points call, by the name of their script."""
    member = f"{wheel.dist_info}/entry_points.txt"
    if member not in wheel.names():
        return {}
    text = wheel.read(member).decode("utf-8", "replace")
    return entry_points.for_python(entry_points.parse(text, f"{wheel.path}: {member}"), venv.python)


def _members(wheel: Wheel, placed: list[Placed]) -> dict[str, _File]:
    """The files that are the wheel's own, by path."""
    files: dict[str, _File] = {}
    for each in placed:
        if each.path in files:
            problem = f"{each.member}: goes to {each.path}, as {files[each.path].member} does"
            raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)
        files[each.path] = _File(0o755 if wheel.is_executable(each.member) else 0o644, each.member)
    return files


def _written(
    wheel: Wheel, venv: Venv, placed: list[Placed], scripts: dict[str, str], *, requested: bool
) -> dict[str, _File]:
    """The files that installing changes or adds, by path."""
    info = f"{venv.site_packages}/{wheel.dist_info}"
    files = {
        each.path: _with_shebang(wheel, each, venv.interpreter)
        for each in placed
        if each.script and wheel.head(each.member, len(_SHEBANG)) == _SHEBANG
    }
    for name, call in scripts.items():
        files[f"{venv.bin}/{name}"] = _File(0o755, data=entry_points.script(call, venv.interpreter))
    files[f"{info}/INSTALLER"] = _File(0o644, data=b"pip\n")
    if requested:
        files[f"{info}/REQUESTED"] = _File(0o644)
    record = installed_record(
        wheel.read(f"{wheel.dist_info}/RECORD").decode("utf-8", "replace"),
        {each.member: venv.recorded(each.path) for each in placed},
        {venv.recorded(path): file.data for path, file in files.items()},
    )
    return files | {f"{info}/RECORD": _File(0o644, data=record)}


def _with_shebang(wheel: Wheel, placed: Placed, interpreter: str) -> _File:
    """A script whose first line names the venv's interpreter, where the wheel has only `#!python`."""
    _, _, rest = wheel.read(placed.member).partition(b"\n")
    mode = 0o755 if wheel.is_executable(placed.member) else 0o644
    return _File(mode, data=f"#!{interpreter}\n".encode() + rest)


def _check_tree(wheel: Wheel, files: dict[str, _File]) -> None:
    """No file may be where others need a folder."""
    for path, file in files.items():
        for parent in Path(path).parents:
            if other := files.get(str(parent)):
                problem = f"{file.member or path}: lies below {other.member or parent}, which is a file"
                raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)


def _add(writer: PartWriter, wheel: Wheel, path: str, file: _File) -> str:
    """Adds a file; returns what Facts say of it."""
    if not file.member:
        writer.add(Entry(path.lstrip("/"), Kind.FILE, file.mode, size=len(file.data)), file.data)
        return describe_data(file.mode, file.data)
    entry = Entry(path.lstrip("/"), Kind.FILE, file.mode, size=wheel.size(file.member))
    add_member(writer, entry, wheel, file.member)
    recorded = wheel.recorded(file.member)
    if recorded is None:
        return describe_data(file.mode, wheel.read(file.member))
    return describe_file(file.mode, recorded.algorithm, recorded.digest)
