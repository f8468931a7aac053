"""Reads shell scripts into a tree of commands: the part of sh that maintainer scripts are written in.

Nothing is run here. What is not understood is an error with its line, and never skipped.
"""

import re
from collections.abc import Sequence

from tools.maintscript.lexer import Lexer, Token
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
    Text,
    Variable,
    Word,
)

_REDIRECTS = frozenset((">", ">>", "<", ">&", "<&", ">|", "<>", "<<", "<<-"))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ENDS = frozenset(("then", "fi", "else", "elif", "do", "done", "esac", "}"))


def parse(text: str, line: int = 1) -> tuple[Command, ...]:
    """The commands of a script, which begins with this line; raises ShellError."""
    return _Parser(Lexer(text, line=line).tokens()).program()


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0

    def program(self) -> tuple[Command, ...]:
        body = self._list(())
        if self._at < len(self._tokens):
            raise ShellError(self._tokens[self._at].line)
        return body

    def _operator(self) -> str:
        return self._tokens[self._at].operator if self._at < len(self._tokens) else ""

    def _reserved(self) -> str:
        word = self._tokens[self._at].word if self._at < len(self._tokens) else None
        return word.plain if word else ""

    def _take(self, *wanted: str) -> str:
        """The next token, which has to be one of these operators or reserved words."""
        found = self._operator() or self._reserved()
        if found not in wanted:
            raise self._lost()
        self._at += 1
        return found

    def _lost(self) -> ShellError:
        last = self._tokens[min(self._at, len(self._tokens) - 1)].line if self._tokens else 1
        return ShellError(last)

    def _next_word(self) -> Word:
        word = self._tokens[self._at].word if self._at < len(self._tokens) else None
        if word is None:
            raise self._lost()
        self._at += 1
        return word

    def _newlines(self) -> None:
        while self._operator() == "\n":
            self._at += 1

    def _list(self, ends: Sequence[str]) -> tuple[Command, ...]:
        """Commands up to one of these reserved words or operators, which stays."""
        found: list[Command] = []
        while self._at < len(self._tokens):
            if self._operator() in ("\n", ";", "&"):
                self._at += 1
            elif self._operator() in (")", ";;") or self._reserved() in _ENDS:
                break
            else:
                found.append(self._and_or())
        if ends and (self._operator() or self._reserved()) not in ends:
            raise self._lost()
        return tuple(found)

    def _and_or(self) -> Command:
        first = self._pipeline()
        rest = []
        while self._operator() in ("&&", "||"):
            operator = self._take("&&", "||")
            self._newlines()
            rest.append((operator, self._pipeline()))
        return AndOr(first, tuple(rest)) if rest else first

    def _pipeline(self) -> Command:
        negated = self._reserved() == "!"
        if negated:
            self._at += 1
        commands = [self._command()]
        while self._operator() == "|":
            self._at += 1
            self._newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated) if negated or len(commands) > 1 else commands[0]

    def _command(self) -> Command:
        compound = {"if": self._if, "for": self._for, "while": self._while, "until": self._while}
        compound |= {"case": self._case, "{": self._braces}
        if self._operator() == "(":
            self._at += 1
            body = self._list((")",))
            self._at += 1
            return self._redirected(Group(body, own_shell=True))
        if self._reserved() in compound:
            return self._redirected(compound[self._reserved()]())
        return self._simple()

    def _redirected(self, command: Command) -> Command:
        redirects = self._redirects()
        return Group((command,), redirects=redirects) if redirects else command

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while True:
            number = self._reserved().isdigit() and self._tokens[self._at + 1 : self._at + 2]
            if number and number[0].operator in _REDIRECTS:
                self._at += 1
            if self._operator() not in _REDIRECTS:
                return tuple(found)
            operator = self._take(*_REDIRECTS)
            found.append(Redirect(operator, self._next_word()))

    def _if(self) -> Command:
        branches = []
        otherwise: tuple[Command, ...] = ()
        word = self._take("if")
        while word in ("if", "elif"):
            condition = self._list(("then",))
            self._at += 1
            body = self._list(("elif", "else", "fi"))
            branches.append((condition, body))
            word = self._take("elif", "else", "fi")
        if word == "else":
            otherwise = self._list(("fi",))
            self._at += 1
        return If(tuple(branches), otherwise)

    def _for(self) -> Command:
        self._take("for")
        name = self._next_word().plain
        words = [Word((Variable("@", True),), 0)]
        self._newlines()
        if self._reserved() == "in":
            self._at += 1
            words = []
            while self._operator() == "":
                words.append(self._next_word())
        while self._operator() in ("\n", ";"):
            self._at += 1
        self._take("do")
        body = self._list(("done",))
        self._at += 1
        return Loop(name, tuple(words), (), body)

    def _while(self) -> Command:
        self._take("while", "until")
        condition = self._list(("do",))
        self._at += 1
        body = self._list(("done",))
        self._at += 1
        return Loop("", (), condition, body)

    def _case(self) -> Command:
        self._take("case")
        word = self._next_word()
        self._newlines()
        self._take("in")
        branches = []
        self._newlines()
        while self._reserved() != "esac":
            if self._operator() == "(":
                self._at += 1
            patterns = [self._next_word()]
            while self._operator() == "|":
                self._at += 1
                patterns.append(self._next_word())
            self._take(")")
            body = self._list((";;", "esac"))
            branches.append((tuple(patterns), body))
            if self._operator() == ";;":
                self._at += 1
            self._newlines()
        self._at += 1
        return Case(word, tuple(branches))

    def _braces(self) -> Command:
        self._take("{")
        body = self._list(("}",))
        self._at += 1
        return Group(body)

    def _simple(self) -> Command:
        line = self._lost().line
        assigned: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            redirects += self._redirects()
            if self._operator() or self._at >= len(self._tokens):
                break
            word = self._next_word()
            if not words and (each := assignment(word)):
                assigned.append(each)
                continue
            words.append(word)
            if len(words) == 1 and self._operator() == "(" and _NAME.fullmatch(word.plain.replace("-", "_")):
                self._at += 1
                self._take(")")
                self._newlines()
                return Function(word.plain, self._command())
        if not (assigned or words or redirects):
            raise self._lost()
        return Simple(tuple(assigned), tuple(words), tuple(redirects), line)


def assignment(word: Word) -> tuple[str, Word] | None:
    """`name=value`, taken apart, or None for another word; the name and the sign are without quotes."""
    head = ""
    for number, part in enumerate(word.parts):
        if not isinstance(part, Text) or part.quoted:
            return None
        head += part.text
        if part.text == "=":
            return (
                (head[:-1], Word(word.parts[number + 1 :], word.line)) if _NAME.fullmatch(head[:-1]) else None
            )
    return None
