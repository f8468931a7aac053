"""Walks through a maintainer script as sh would, without running anything, and says what it would change.

A condition is true, false, or None when only a running system could tell; then both ways are looked at. What
words become is in expansion.py, and what programs mean in programs.py. A program that is not known there,
where the script would or might come to it, is unexplained.
"""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field

from tools.maintscript import programs
from tools.maintscript.certainty import Break, Certainty, Exit, Leave, Return
from tools.maintscript.expansion import IFS, Expansion, Value
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
    Pipeline,
    Redirect,
    ShellError,
    Simple,
)

Status = bool | None

_SHELLS = re.compile(r"#!\s*/(usr/)?bin/(ba|da)?sh(\s+-[eux]*)?\s*")
_DEPTH = 50
# What writing to such a place leaves in no layer: devices, and logs of what never happened.
_NOWHERE = ("/dev/", "/var/log/", "/proc/self/")


@dataclass(frozen=True)
class Outcome:
    """What a script would do: alternatives that it installs, and lines that nobody can explain."""

    alternatives: tuple[programs.Alternative, ...]
    unexplained: tuple[str, ...]


def evaluate(text: str, arguments: Sequence[str], root: Root, variables: Mapping[str, str]) -> Outcome:
    """What a script with these arguments would do to a root."""
    lines = text.splitlines()
    first = lines[0] if lines else ""
    if not _SHELLS.fullmatch(first):
        return Outcome((), (f"1: {first or '(it is empty)'}",))
    run = _Run(root, {"IFS": IFS, **variables}, list(arguments))
    try:
        run.all(parse(text))
    except ShellError as error:
        run.blame(error.line)
    except Leave:
        pass
    places = sorted({min(line, len(lines)) for line in run.unexplained})
    found = (f"{place}: {lines[place - 1].strip()}" for place in places)
    return Outcome(tuple(run.alternatives), tuple(found))


@dataclass
class _Run:
    root: Root
    variables: dict[str, Value]  # one dictionary, which the words and the certainty share
    arguments: InitVar[list[Value]]
    functions: dict[str, Command] = field(default_factory=dict)
    alternatives: list[programs.Alternative] = field(default_factory=list)
    unexplained: set[int] = field(default_factory=set)
    depth: int = 0

    def __post_init__(self, arguments: list[Value]) -> None:
        self.words = Expansion(self.root, self.variables, arguments, self._apart)
        self.certainty = Certainty(self.variables)

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
        except Leave:
            return None
        finally:
            self.variables.clear()
            self.variables.update(before)

    def _when(self, status: Status, body: Sequence[Command]) -> Status:
        """A body behind a condition."""
        if status:
            return self.all(body)
        if status is None:
            with self.certainty.perhaps():
                self.all(body)
        return None

    def _and_or(self, command: AndOr) -> Status:
        status = self.one(command.first)
        for operator, each in command.rest:
            if status is None:
                with self.certainty.perhaps():
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
        with self.certainty.until(Break):
            if not command.name:
                if self.all(command.condition) is not False:
                    self._often([*command.body, *command.condition])
                return None
            values = [value for word in command.words for value in self.words.fields(word)]
            for value in values:
                self.variables[command.name] = value
                if value is None:
                    self._often(command.body)
                    continue
                try:
                    self.all(command.body)
                except Break as end:  # or `continue`: the next round may run or not
                    self.certainty.skipped.add(type(end))
        return None

    def _often(self, body: Sequence[Command]) -> None:
        """A body that runs never, once or often, until that teaches nothing about what it sets."""
        before: dict[str, Value] = {}
        while before != self.variables:
            before = dict(self.variables)
            self._when(None, body)

    def _case(self, command: Case) -> Status:
        value = self.words.text(command.word)
        certain = value is not None
        for patterns, body in command.branches:
            wanted = [self.words.pattern(pattern) for pattern in patterns]
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
        words = [field for word in command.words for field in self.words.fields(word)]
        if not words:
            for name, word in command.assigned:
                self.variables[name] = self.words.text(word)
            return True
        if words[0] in ("export", "local", "readonly", "declare"):
            return self._declare(command)
        for _, word in command.assigned:
            self.words.text(word)
        return self._call(words, command.line)

    def _declare(self, command: Simple) -> Status:
        for word in command.words[1:]:
            if each := assignment(word):
                self.variables[each[0]] = self.words.text(each[1])
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
                raise Exit
            case "return":
                if arguments[:1] in (["0"], ["1"]):
                    self.variables["?"] = arguments[0]
                else:
                    self.variables["?"] = None
                raise Return
            case "break" | "continue":
                raise Break
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
        outer, self.words.arguments = self.words.arguments, list(arguments)
        self.depth += 1
        try:
            with self.certainty.until(Return):
                try:
                    status = self.one(body)
                except Return:
                    value = self.variables.get("?")
                    status = None if value is None else value == "0"
                return None if Return in self.certainty.skipped else status
        finally:
            self.words.arguments = outer
            self.depth -= 1

    def _positional(self, name: str, arguments: Sequence[Value], line: int) -> Status:
        if name == "set" and "--" not in arguments:
            return True
        if self.certainty.unsure or (name == "shift" and arguments):
            self.blame(line)  # what $1 is from here on would be anybody's guess
        self.words.arguments = (
            self.words.arguments[1:] if name == "shift" else list(arguments[arguments.index("--") + 1 :])
        )
        return True

    def _alternative(self, arguments: Sequence[Value], line: int) -> Status:
        found = programs.alternative(arguments)
        if isinstance(found, programs.Alternative) and not self.certainty.unsure:
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
            target = self.words.text(each.target)
            if target is None or not target.startswith(_NOWHERE):
                self.blame(each.target.line)
