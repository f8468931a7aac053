"""What the words of a script become: variables, outputs of commands, patterns of file names.

A text that only a running system could tell is None.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.maintscript import programs
from tools.maintscript.parser import parse
from tools.maintscript.root import Root
from tools.maintscript.tree import Command, Output, Simple, Text, Variable, Word

Value = str | None

IFS = " \t\n"


@dataclass
class Expansion:
    """The variables of a script, and its words as they are with these.

    Attributes:
        root: the root that the script would run in.
        variables: all variables; one that is not here is empty.
        arguments: of the script or the function: $1, $2 and so on.
        run: looks at commands whose output is asked for, in a shell of their own.
    """

    root: Root
    variables: dict[str, Value]
    arguments: list[Value]
    run: Callable[[Sequence[Command]], object]

    def text(self, word: Word) -> Value:
        """A word that stays one, as in assignments; None when its text is not known."""
        values = [self._part(part) for part in word.parts]
        return None if None in values else "".join(value for value in values if value is not None)

    def pattern(self, word: Word) -> Value:
        """A word as a pattern for fnmatch, in which what was quoted means itself."""
        found = ""
        for part in word.parts:
            value = self._part(part)
            if value is None:
                return None
            found += re.sub(r"([*?[])", r"[\1]", value) if part.quoted else value
        return found

    def fields(self, word: Word) -> list[Value]:
        """The words that one word becomes; a pattern of file names that may match something is unknown."""
        if len(word.parts) >= 1 and word.parts[-1] == Variable("@", True) and _empty(word.parts[:-1]):
            return list(self.arguments)
        found: list[Value] = [""]
        there = bool(word.parts and any(part.quoted for part in word.parts))
        for part in word.parts:
            value = self._part(part)
            if value is None:
                return [None]
            if not part.quoted and not isinstance(part, Text) and self.variables["IFS"] != IFS:
                return [None]
            pieces = [value] if part.quoted or isinstance(part, Text) else value.split() or [""]
            if found[-1] is not None:
                found[-1] += pieces[0]
            found += pieces[1:]
        if _globs(word):
            return [self._unmatched(each) for each in found]
        return found if there or found != [""] else []

    def _unmatched(self, pattern: Value) -> Value:
        """A pattern of file names stays as it is when nothing matches: where its folder is not there."""
        folder = re.split(r"[*?[]", pattern or "")[0].rpartition("/")[0]
        return pattern if folder and self.root.kind(folder) == "" else None

    def _part(self, part: Text | Variable | Output | object) -> Value:
        match part:
            case Text():
                return part.text
            case Variable():
                return self._variable(part)
            case Output():
                return self._output(part)
        return None

    def _output(self, output: Output) -> Value:
        commands = parse(output.source, output.line)
        self.run(commands)
        if len(commands) == 1 and isinstance(commands[0], Simple):
            words = [self.text(word) for word in commands[0].words]
            return programs.output([word for word in words if word], self.root)
        return None

    def _variable(self, variable: Variable) -> Value:
        value = self._value(variable.name)
        if not variable.operator:
            return value
        assert variable.other is not None
        if value is None:
            return None
        there = bool(value) if ":" in variable.operator else variable.name in self.variables or bool(value)
        if variable.operator.endswith("-"):
            return value if there else self.text(variable.other)
        return self.text(variable.other) if there else ""

    def _value(self, name: str) -> Value:
        known = None not in self.arguments[: int(name) if name.isdigit() else None]
        if name.isdigit() and name != "0":
            # One that is not known may be any number of words.
            return (self.arguments + [""] * int(name))[int(name) - 1] if known else None
        if name == "#":
            return str(len(self.arguments)) if known else None
        if name in ("@", "*"):
            values = [each for each in self.arguments if each is not None]
            return " ".join(values) if len(values) == len(self.arguments) else None
        if name in ("?", "$", "!", "0", "-"):
            return None
        return self.variables.get(name, "")


def _empty(parts: Sequence[object]) -> bool:
    return all(isinstance(part, Text) and not part.text for part in parts)


def _globs(word: Word) -> bool:
    bare = [part.text for part in word.parts if isinstance(part, Text) and not part.quoted]
    return "*" in bare or "?" in bare or ("[" in bare and "]" in bare)
