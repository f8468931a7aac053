"""debconf's database: the templates of packages, and a question for each with its answer.

debconf joins the lines of a paragraph, and writes one line a field. What is written here is what it leaves
behind when nobody is asked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tools.apt_layer.state import State
from tools.common.errors import ToolError

Fields = dict[str, str]
_FIELD = re.compile(r"([-_@.A-Za-z0-9]*):[ \t]?(.*)")


def templates(text: str) -> dict[str, Fields]:
    """The templates of a package's file, by name; long descriptions are in fields of their own."""
    found = {}
    for stanza in re.split(r"\n{2,}", text.strip("\n")):
        fields: Fields = {}
        field = ""
        for line in stanza.split("\n"):
            if match := _FIELD.fullmatch(line):
                field, fields[field] = match[1].lower(), _trimmed(match[2])
            elif line:
                long = f"extended_{field}"
                fields[long] = fields.get(long, "") + _continued(fields.get(long, ""), line[1:])
        name = fields.pop("template")
        trimmed = {key: value.rstrip("\n") for key, value in fields.items()}
        found[name] = {
            key: value for key, value in trimmed.items() if value or not key.startswith("extended_")
        }
    return found


def _continued(before: str, line: str) -> str:
    """What a line adds: a paragraph's end, a line that stays one, or more of the paragraph."""
    joined = not before or before.endswith(("\n", " "))
    if line == ".":
        return "\n\n"
    if line[:1].isspace():
        return ("" if joined else "\n") + _trimmed(line) + "\n"
    return ("" if joined else " ") + _trimmed(line)


def _trimmed(text: str) -> str:
    return text.rstrip(" \t\r\f\v")


def register(
    state: State, found: Mapping[str, Fields], owners: Iterable[str], asked: Mapping[str, Mapping[str, Any]]
) -> None:
    """Adds templates and their questions.

    One that was asked has the default as answer, or the `value` that is said, or none where that is null.
    """
    for name in asked.keys() - found.keys():
        raise ToolError(f"no template is for the question {name}")
    for name, fields in found.items():
        state.templates[name] = fields
        question = state.questions.setdefault(name, {"owners": []})
        question["owners"] = sorted({*question["owners"], *owners})
        if name in asked:
            question |= {"value": fields.get("default", ""), **asked[name]}


def templates_dat(found: Mapping[str, Fields]) -> bytes:
    """The file templates.dat."""
    return b"".join(_entry(name, fields, [name]) for name, fields in sorted(found.items()))


def config_dat(questions: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The file config.dat; a question has the name of its template."""
    return b"".join(
        _entry(
            name,
            {"template": name} | ({} if each.get("value") is None else {"value": each["value"]}),
            each["owners"],
            ["Flags: seen"] if each.get("seen") else [],
            _variables(each.get("variables", {})),
        )
        for name, each in sorted(questions.items())
    )


def _variables(values: Mapping[str, str]) -> Iterator[str]:
    if values:
        yield "Variables:"
    for name, value in sorted(values.items()):
        yield f" {name} = {value}"


def _entry(name: str, fields: Fields, owners: Iterable[str], *more: Iterable[str]) -> bytes:
    lines = [f"Name: {name}"]
    lines += [f"{key[:1].upper()}{key[1:]}: {value}" for key, value in sorted(fields.items())]
    lines.append(f"Owners: {', '.join(owners)}")
    for each in more:
        lines += each
    return "".join(line.replace("\n", "\\n") + "\n" for line in [*lines, ""]).encode()
