"""Walks through a maintainer script as sh would, without running anything, and says what it would change.

A condition is true, false, or None when only a running system could tell; then both ways are looked at. What
programs mean is in programs.py. A program that is not known there, where the script would or might come to
it, is unexplained.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tools.maintscript import programs
from tools.maintscript.parser import assignment, parse
from tools.maintscript.root import Root
from tools.maintscript.tree import (
    AndOr,
    Case,
    Command,
    Function,
    Group,
    If,
    Loop,
    Output,
    Pipeline,
    Redirect,
    ShellError,
    Simple,
    Text,
    Variable,
    Word,
)

Value = str | None
Status = bool | None

_SHELLS = re.compile(r"#!\s*/(usr/)?bin/(ba|da)?sh(\s+-[eux]*)?\s*")
_DEPTH = 50
_IFS = " \t\n"
# What writing to such a place leaves in no layer: devices, and logs of what never happened.
_NOWHERE = ("/dev/", "/var/log/", "/proc/self/")


@dataclass(frozen=True)
class Outcome:
    """What a script would do: alternatives that it installs, and lines that nobody can explain."""

    alternatives: tuple[programs.Alternative, ...]
    unexplained: tuple[str, ...]


class _Leave(Exception):
    """The script, a function or a loop ends here."""


class _Exit(_Leave):
    pass


class _Return(_Leave):
    pass


class _Break(_Leave):
    pass


def evaluate(text: str, arguments: Sequence[str], root: Root, variables: Mapping[str, str]) -> Outcome:
    """What a script with these arguments would do to a root."""
    lines = text.splitlines()
    first = lines[0] if lines else ""
    if not _SHELLS.fullmatch(first):
        return Outcome((), (f"1: {first or '(it is empty)'}",))
    run = _Run(root, {"IFS": _IFS, **variables}, list(arguments))
    try:
        run.all(parse(text))
    except ShellError as error:
        run.blame(error.line)
    except _Leave:
        pass
    places = sorted({min(line, len(lines)) for line in run.unexplained})
    found = (f"{place}: {lines[place - 1].strip()}" for place in places)
    return Outcome(tuple(run.alternatives), tuple(found))


@dataclass
class _Run:
    root: Root
    variables: dict[str, Value]
    arguments: list[Value]
    functions: dict[str, Command] = field(default_factory=dict)
    alternatives: list[programs.Alternative] = field(default_factory=list)
    unexplained: set[int] = field(default_factory=set)
    maybe: int = 0  # how many conditions above are not known
    skipped: set[type[_Leave]] = field(default_factory=set)  # which ends the script may have come to before
    depth: int = 0

    @property
    def _unsure(self) -> bool:
        """Whether the script may not come to where it is looked at."""
        return bool(self.maybe or self.skipped)

    def blame(self, line: int) -> None:
        """Notes a line that is not explained."""
        self.unexplained.add(line)

    def all(self, commands: Sequence[Command]) -> Status:
        """One command after the other; the status is the last one's."""
        status: Status = True
        for command in commands:
            status = self.one(command)
        return status

    def one(self, command: Command) -> Status:
        """One command of any kind."""
        match command:
            case Simple():
                return self._simple(command)
            case Pipeline():
                return self._pipeline(command)
            case AndOr():
                return self._and_or(command)
            case If():
                return self._if(command)
            case Loop():
                return self._loop(command)
            case Case():
                return self._case(command)
            case Group():
                return self._group(command)
            case Function():
                self.functions[command.name] = command.body
                return True

    def _pipeline(self, command: Pipeline) -> Status:
        if len(command.commands) == 1:
            status = self.one(command.commands[0])
        else:
            status = [self._apart((each,)) for each in command.commands][-1]
        return None if status is None else status != command.negated

    def _apart(self, commands: Sequence[Command]) -> Status:
        """Commands in a shell of their own, which they may leave."""
        before = dict(self.variables)
        try:
            return self.all(commands)
        except _Leave:
            return None
        finally:
            self.variables = before

    @contextmanager
    def _perhaps(self) -> Iterator[None]:
        """Commands that may run or not: what they set is unknown afterwards, and they may leave or not."""
        before = dict(self.variables)
        self.maybe += 1
        try:
            yield
        except _Leave as end:
            self.skipped.add(type(end))
        finally:
            self._forget(before)
            self.maybe -= 1

    def _forget(self, before: Mapping[str, Value]) -> None:
        """Variables that have other values than before may have these or those."""
        for name in self.variables.keys() | before.keys():
            if self.variables.get(name, "") != before.get(name, ""):
                self.variables[name] = None

    @contextmanager
    def _until(self, end: type[_Leave]) -> Iterator[None]:
        """A function or a loop: where commands may have left it, all goes on behind it."""
        before, outer = dict(self.variables), end in self.skipped
        self.skipped.discard(end)
        try:
            yield
        finally:
            if end in self.skipped:
                self._forget(before)
            if not outer:
                self.skipped.discard(end)
            else:
                self.skipped.add(end)

    def _when(self, status: Status, body: Sequence[Command]) -> Status:
        """A body behind a condition."""
        if status:
            return self.all(body)
        if status is None:
            with self._perhaps():
                self.all(body)
        return None

    def _and_or(self, command: AndOr) -> Status:
        status = self.one(command.first)
        for operator, each in command.rest:
            if status is None:
                with self._perhaps():
                    self.one(each)
            elif status == (operator == "&&"):
                status = self.one(each)
        return status

    def _if(self, command: If) -> Status:
        certain = True
        for condition, body in command.branches:
            status = self.all(condition) if certain else self._when(None, condition)
            if status and certain:
                return self.all(body)
            if status is not False:
                certain = False
                self._when(None, body)
        if certain:
            return self.all(command.otherwise)
        self._when(None, command.otherwise)
        return None

    def _loop(self, command: Loop) -> Status:
        with self._until(_Break):
            if not command.name:
                if self.all(command.condition) is not False:
                    self._often([*command.body, *command.condition])
                return None
            values = [value for word in command.words for value in self._fields(word)]
            for value in values:
                self.variables[command.name] = value
                if value is None:
                    self._often(command.body)
                    continue
                try:
                    self.all(command.body)
                except _Break as end:  # or `continue`: the next round may run or not
                    self.skipped.add(type(end))
        return None

    def _often(self, body: Sequence[Command]) -> None:
        """A body that runs never, once or often, until that teaches nothing about what it sets."""
        before: dict[str, Value] = {}
        while before != self.variables:
            before = dict(self.variables)
            self._when(None, body)

    def _case(self, command: Case) -> Status:
        value = self._text(command.word)
        certain = value is not None
        for patterns, body in command.branches:
            wanted = [self._pattern(pattern) for pattern in patterns]
            if value is not None and any(
                each is not None and fnmatch.fnmatchcase(value, each) for each in wanted
            ):
                return self.all(body) if certain else self._when(None, body)
            if value is None or None in wanted:
                certain = False
                self._when(None, body)
        return True if certain else None

    def _group(self, command: Group) -> Status:
        self._redirects(command.redirects)
        return self._apart(command.body) if command.own_shell else self.all(command.body)

    def _simple(self, command: Simple) -> Status:
        self._redirects(command.redirects)
        words = [field for word in command.words for field in self._fields(word)]
        if not words:
            for name, word in command.assigned:
                self.variables[name] = self._text(word)
            return True
        if words[0] in ("export", "local", "readonly", "declare"):
            return self._declare(command)
        for _, word in command.assigned:
            self._text(word)
        return self._call(words, command.line)

    def _declare(self, command: Simple) -> Status:
        for word in command.words[1:]:
            if each := assignment(word):
                self.variables[each[0]] = self._text(each[1])
        return True

    def _call(self, words: Sequence[Value], line: int) -> Status:
        name, arguments = words[0], words[1:]
        if name is None:
            self.blame(line)
            return None
        if name in self.functions:
            return self._function(self.functions[name], arguments, line)
        match name:
            case "exit":
                raise _Exit
            case "return":
                if arguments[:1] in (["0"], ["1"]):
                    self.variables["?"] = arguments[0]
                else:
                    self.variables["?"] = None
                raise _Return
            case "break" | "continue":
                raise _Break
            case "set" | "shift":
                return self._positional(name, arguments, line)
            case "read" | "unset":
                self.variables |= dict.fromkeys([each for each in arguments if each], None)
                return None
            case "update-alternatives":
                return self._alternative(arguments, line)
        known = programs.status(name, arguments, self.root)
        if isinstance(known, programs.Unknown):
            self.blame(line)
            return None
        return known

    def _function(self, body: Command, arguments: Sequence[Value], line: int) -> Status:
        if self.depth > _DEPTH:
            raise ShellError(line)
        outer, self.arguments = self.arguments, list(arguments)
        self.depth += 1
        try:
            with self._until(_Return):
                try:
                    status = self.one(body)
                except _Return:
                    value = self.variables.get("?")
                    status = None if value is None else value == "0"
                return None if _Return in self.skipped else status
        finally:
            self.arguments = outer
            self.depth -= 1

    def _positional(self, name: str, arguments: Sequence[Value], line: int) -> Status:
        if name == "set" and "--" not in arguments:
            return True
        if self._unsure or (name == "shift" and arguments):
            self.blame(line)  # what $1 is from here on would be anybody's guess
        self.arguments = (
            self.arguments[1:] if name == "shift" else list(arguments[arguments.index("--") + 1 :])
        )
        return True

    def _alternative(self, arguments: Sequence[Value], line: int) -> Status:
        found = programs.alternative(arguments)
        if isinstance(found, programs.Alternative) and not self._unsure:
            self.alternatives.append(found)
        elif isinstance(found, programs.Removed):
            if any(found.concerns(each) for each in self.alternatives) or self.root.has_choice(found.name):
                self.blame(line)
        elif found is not None:
            self.blame(line)
        return None

    def _redirects(self, redirects: Sequence[Redirect]) -> None:
        for each in redirects:
            if each.operator in ("<", "<<", "<<-", "<&", ">&"):
                continue
            target = self._text(each.target)
            if target is None or not target.startswith(_NOWHERE):
                self.blame(each.target.line)

    def _text(self, word: Word) -> Value:
        """A word that stays one, as in assignments; None when its text is not known."""
        values = [self._part(part) for part in word.parts]
        return None if None in values else "".join(value for value in values if value is not None)

    def _pattern(self, word: Word) -> Value:
        """A word as a pattern for fnmatch, in which what was quoted means itself."""
        found = ""
        for part in word.parts:
            value = self._part(part)
            if value is None:
                return None
            found += re.sub(r"([*?[])", r"[\1]", value) if part.quoted else value
        return found

    def _fields(self, word: Word) -> list[Value]:
        """The words that one word becomes; a pattern of file names that may match something is unknown."""
        if len(word.parts) >= 1 and word.parts[-1] == Variable("@", True) and _empty(word.parts[:-1]):
            return list(self.arguments)
        found: list[Value] = [""]
        there = bool(word.parts and any(part.quoted for part in word.parts))
        for part in word.parts:
            value = self._part(part)
            if value is None:
                return [None]
            if not part.quoted and not isinstance(part, Text) and self.variables["IFS"] != _IFS:
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
        self._apart(commands)
        if len(commands) == 1 and isinstance(commands[0], Simple):
            words = [self._text(word) for word in commands[0].words]
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
            return value if there else self._text(variable.other)
        return self._text(variable.other) if there else ""

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
