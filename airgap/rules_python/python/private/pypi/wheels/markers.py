"""Environment markers of PEP 508: `python_version < "3.11" and sys_platform == "linux"`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wheels import names, versions

VARIABLES = frozenset(
    {
        "extra",
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
    }
)
_OLD_NAMES = {
    "os.name": "os_name",
    "platform.machine": "platform_machine",
    "platform.python_implementation": "platform_python_implementation",
    "platform.version": "platform_version",
    "python_implementation": "platform_python_implementation",
    "sys.platform": "sys_platform",
}
_VERSIONED = frozenset(
    {"implementation_version", "platform_release", "python_full_version", "python_version"}
)
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'[^']*'|"[^"]*")
    |(?P<op>===|==|~=|!=|<=|>=|<|>)
    |(?P<paren>[()])
    |(?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    )""",
    re.VERBOSE,
)
_STRING_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "==": lambda left, right: left == right,
    "===": lambda left, right: left.lower() == right.lower(),
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}

Environment = Mapping[str, str]


class InvalidMarker(ValueError):
    """The text is no marker."""


@dataclass(frozen=True)
class _Value:
    """One side of a comparison: a variable's name or a literal."""

    text: str
    is_variable: bool

    def of(self, environment: Environment) -> str:
        return environment[self.text] if self.is_variable else self.text


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    end = len(text.rstrip())
    position = 0
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise InvalidMarker(f"unexpected {text[position:].strip()!r} in marker {text.strip()!r}")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Parser:
    """Evaluates while it reads: or-terms of and-terms of comparisons."""

    def __init__(self, text: str, environment: Environment) -> None:
        self._text = text.strip()
        self._tokens = _tokens(text)
        self._environment = environment

    def result(self) -> bool:
        value = self._any()
        if self._tokens:
            raise self._error()
        return value

    def _error(self) -> InvalidMarker:
        found = repr(self._tokens[0][1]) if self._tokens else "the end"
        return InvalidMarker(f"unexpected {found} in marker {self._text!r}")

    def _take(self, kind: str, *values: str) -> str | None:
        if self._tokens and self._tokens[0][0] == kind and (not values or self._tokens[0][1] in values):
            return self._tokens.pop(0)[1]
        return None

    def _any(self) -> bool:
        value = self._all()
        while self._take("word", "or"):
            value = self._all() or value
        return value

    def _all(self) -> bool:
        value = self._one()
        while self._take("word", "and"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._take("paren", "("):
            value = self._any()
            if not self._take("paren", ")"):
                raise self._error()
            return value
        left = self._value()
        operator = self._operator()
        return _compare(left, operator, self._value(), self._environment)

    def _value(self) -> _Value:
        string = self._take("string")
        if string is not None:
            return _Value(string[1:-1], is_variable=False)
        word = self._take("word")
        name = _OLD_NAMES.get(word, word) if word else None
        if name not in VARIABLES:
            raise (
                InvalidMarker(f"unknown variable {word!r} in marker {self._text!r}")
                if word
                else self._error()
            )
        return _Value(str(name), is_variable=True)

    def _operator(self) -> str:
        operator = self._take("op") or self._take("word", "in")
        if operator:
            return operator
        if self._take("word", "not") and self._take("word", "in"):
            return "not in"
        raise self._error()


def _compare(left: _Value, operator: str, right: _Value, environment: Environment) -> bool:
    variables = {value.text for value in (left, right) if value.is_variable}
    left_text, right_text = left.of(environment), right.of(environment)
    if "extra" in variables:
        left_text, right_text = names.canonical(left_text), names.canonical(right_text)
    elif variables & _VERSIONED and operator not in ("in", "not in", "==="):
        try:
            return versions.matches(versions.parse(left_text), operator, right_text)
        except versions.InvalidVersion:
            pass  # compared as text, as every other value
    comparison = _STRING_COMPARISONS.get(operator)
    if comparison is None:
        raise InvalidMarker(f"{left_text!r} {operator} {right_text!r} compares no versions")
    return comparison(left_text, right_text)


def evaluate(marker: str, environment: Environment) -> bool:
    """Whether a marker holds in an environment, which has a value for each of `VARIABLES`.

    Raises:
        InvalidMarker: the text is no marker.
    """
    return _Parser(marker, environment).result()
