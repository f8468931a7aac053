"""Control stanzas: reading a package's own, and writing it as an entry of /var/lib/dpkg/status.

dpkg rewrites a stanza when it stores it: known fields in its own order, relations in one spelling, unknown
fields behind. The tables are dpkg's.
"""

import re
from collections.abc import Iterable, Mapping

from tools.common.errors import ToolError

_FIELDS = (
    "Package", "Essential", "Protected", "Status", "Priority", "Section", "Installed-Size", "Origin",
    "Maintainer", "Bugs", "Architecture", "Multi-Arch", "Source", "Version", "Replaces", "Provides",
    "Depends", "Pre-Depends", "Recommends", "Suggests", "Breaks", "Conflicts", "Enhances", "Conffiles",
    "Description",
)  # fmt: skip
_RELATIONS = frozenset(
    (
        "Replaces",
        "Provides",
        "Depends",
        "Pre-Depends",
        "Recommends",
        "Suggests",
        "Breaks",
        "Conflicts",
        "Enhances",
    )
)
_RELATION = re.compile(
    r"^(?P<name>[^\s(:]+(?::[^\s(]+)?)\s*(?:\(\s*(?P<op><<|<=|=|>=|>>|<|>)\s*(?P<version>[^\s)]+)\s*\))?$"
)


def parse(text: str) -> dict[str, str]:
    """The fields of one stanza, continuation lines kept as they are."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.rstrip("\n").split("\n"):
        if line.startswith((" ", "\t")) and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, value = line.split(":", 1)
            if name in fields:
                raise ToolError(f"has the field {name} twice in its control file")
            fields[name] = value.lstrip()
        else:
            raise ToolError(f"has a control file that is not one stanza: {line!r}")
    fields = {name: value.rstrip() for name, value in fields.items()}  # as dpkg: not what ends inner lines
    for name in ("Package", "Version", "Architecture", "Maintainer", "Description"):
        if not fields.get(name):
            raise ToolError(f"has no {name} in its control file")
    return fields


def status(fields: Mapping[str, str], conffiles: Iterable[tuple[str, str]]) -> str:
    """The stanza of an installed package, without the empty line that ends it."""
    shown = {name: _canonical(name, value) for name, value in fields.items()}
    shown["Status"] = "install ok installed"
    shown["Conffiles"] = "".join(f"\n {path} {md5}" for path, md5 in conffiles)
    known = [name for name in _FIELDS if shown.get(name)]
    other = [name for name in fields if name not in _FIELDS and fields[name]]
    return "".join(f"{name}:{_separator(shown[name])}{shown[name]}\n" for name in [*known, *other])


def _separator(value: str) -> str:
    return "" if value.startswith("\n") else " "


def _canonical(name: str, value: str) -> str:
    if name not in _RELATIONS:
        return value
    groups = [
        [_relation(one) for one in group.split("|")]
        for group in " ".join(value.split()).split(",")
        if group.strip()
    ]
    return ", ".join(" | ".join(group) for group in groups)


def _relation(text: str) -> str:
    match = _RELATION.match(text.strip())
    if match is None:
        return text.strip()
    if match["op"] is None:
        return match["name"]
    return f"{match['name']} ({match['op']} {match['version']})"
