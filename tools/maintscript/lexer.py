"""Cuts a shell script into words and operators."""

import re
from dataclasses import dataclass, field

from tools.maintscript.tree import Opaque, Output, Part, ShellError, Text, Variable, Word

_OPERATORS = (
    *("<<-", "&&", "||", ";;", ">>", "<<", ">&", "<&", ">|", "<>"),
    *(";", "&", "|", "(", ")", "<", ">", "\n"),
)
_BLANKS = re.compile(r"[ \t\r]+|\\\n|#[^\n]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?$!-]")
_BRACED = re.compile(r"(?P<name>[A-Za-z_]\w*|[0-9]+|[@*#?$!-])(?:(?P<op>:?[-+])(?P<rest>.*))?", re.DOTALL)
_SUBSTITUTION = re.compile(r"(?<!\\)(`|\$\()")


@dataclass(frozen=True)
class Token:
    """A word, or an operator."""

    line: int
    operator: str = ""
    word: Word | None = None


@dataclass
class _Here:
    """A here-document that was announced and is yet to come."""

    end: str
    tabs: bool
    quoted: bool


@dataclass
class Lexer:
    """Reads from `pos` on; `line` is where that is."""

    text: str
    pos: int = 0
    line: int = 1
    here: list[_Here] = field(default_factory=list)

    def tokens(self, *, nested: bool = False) -> list[Token]:
        """All tokens; nested ones end with the parenthesis that closes them."""
        found: list[Token] = []
        depth = 0
        while (token := self._next()) is not None:
            depth += {"(": 1, ")": -1}.get(token.operator, 0)
            if nested and depth < 0:
                return found
            found.append(token)
            if len(found) > 1 and found[-2].operator in ("<<", "<<-") and token.word:
                self._announce(token.word, found[-2].operator == "<<-")
        if nested:
            raise ShellError(self.line)
        return found

    def _announce(self, word: Word, tabs: bool) -> None:
        end = "".join(part.text for part in word.parts if isinstance(part, Text))
        self.here.append(_Here(end, tabs, not word.plain))

    def _next(self) -> Token | None:
        while match := _BLANKS.match(self.text, self.pos):
            self._advance(match.end())
        if self.pos >= len(self.text):
            return None
        line = self.line
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.pos):
                self._advance(self.pos + len(operator))
                if operator == "\n":
                    self._skip_here()
                return Token(line, operator)
        return Token(line, word=Word(tuple(self._word()), line))

    def _advance(self, to: int) -> None:
        self.line += self.text.count("\n", self.pos, to)
        self.pos = to

    def _skip_here(self) -> None:
        """Here-documents are text for programs; only commands in them would matter."""
        for here in self.here:
            while True:
                end = self.text.find("\n", self.pos)
                row = self.text[self.pos : end if end >= 0 else len(self.text)]
                if end < 0 and row.strip("\t" if here.tabs else "") != here.end:
                    raise ShellError(self.line)
                if not here.quoted and _SUBSTITUTION.search(row):
                    raise ShellError(self.line)
                self._advance(end + 1 if end >= 0 else len(self.text))
                if (row.lstrip("\t") if here.tabs else row) == here.end:
                    break
        self.here.clear()

    def _word(self) -> list[Part]:
        parts: list[Part] = []
        while self.pos < len(self.text):
            char = self.text[self.pos]
            if char in " \t\r\n;&|()<>":
                break
            if char == "'":
                end = self._find("'", self.pos + 1)
                parts.append(Text(self.text[self.pos + 1 : end], True))
                self._advance(end + 1)
            elif char == '"':
                self.pos += 1
                parts += self._quoted()
            elif char == "\\":
                if not self.text.startswith("\\\n", self.pos):
                    parts.append(Text(self.text[self.pos + 1 : self.pos + 2], True))
                self._advance(self.pos + 2)
            elif char in "$`":
                parts.append(self._expansion(quoted=False))
            else:
                parts.append(Text(char, False))
                self.pos += 1
        return parts

    def _quoted(self) -> list[Part]:
        parts: list[Part] = [Text("", True)]
        while self.pos < len(self.text):
            char = self.text[self.pos]
            if char == '"':
                self.pos += 1
                return parts
            if char == "\\" and self.text[self.pos + 1 : self.pos + 2] in ("$", "`", '"', "\\", "\n"):
                parts.append(Text(self.text[self.pos + 1].strip("\n"), True))
                self._advance(self.pos + 2)
            elif char in "$`":
                parts.append(self._expansion(quoted=True))
            else:
                parts.append(Text(char, True))
                self._advance(self.pos + 1)
        raise ShellError(self.line)

    def _expansion(self, *, quoted: bool) -> Part:
        """What a dollar or a backtick begins."""
        if self.text[self.pos] == "`":
            end = self._find("`", self.pos + 1)
            code = re.sub(r"\\([\\$`])", r"\1", self.text[self.pos + 1 : end])
            found = Output(code, self.line, quoted)
            self._advance(end + 1)
            return found
        if self.text.startswith("$((", self.pos):
            end = self._find("))", self.pos)
            if _SUBSTITUTION.search(self.text[self.pos + 3 : end]):
                raise ShellError(self.line)
            self._advance(end + 2)
            return Opaque(quoted)
        if self.text.startswith("$(", self.pos):
            inner = Lexer(self.text, self.pos + 2, self.line)
            inner.tokens(nested=True)
            found = Output(self.text[self.pos + 2 : inner.pos - 1], self.line, quoted)
            self._advance(inner.pos)
            return found
        if self.text.startswith("${", self.pos):
            return self._braced(quoted)
        match = _PARAMETER.match(self.text, self.pos + 1)
        self.pos = match.end() if match else self.pos + 1
        return Variable(match[0], quoted) if match else Text("$", quoted)

    def _braced(self, quoted: bool) -> Part:
        end = start = self.pos + 2
        depth = 1
        while depth:
            if end >= len(self.text):
                raise ShellError(self.line)
            depth += {"{": 1, "}": -1}.get(self.text[end], 0)
            end += 1
        inner = self.text[start : end - 1]
        self._advance(end)
        match = _BRACED.fullmatch(inner)
        if match is None:
            if _SUBSTITUTION.search(inner):
                raise ShellError(self.line)
            return Opaque(quoted)
        if not match["op"]:
            return Variable(match["name"], quoted)
        other = Word(tuple(Lexer(match["rest"] + '"', line=self.line)._quoted()), self.line)
        if '"' in match["rest"]:  # quotes within: only its own text is without a doubt
            other = Word(tuple(Lexer(match["rest"], line=self.line)._word()), self.line)
        return Variable(match["name"], quoted, match["op"], other)

    def _find(self, end: str, start: int) -> int:
        """Where quotes end; what follows a backslash does not end backticks."""
        pattern = r"(?:[^\\`]|\\.)*`" if end == "`" else ".*?" + re.escape(end)
        match = re.compile(pattern, re.DOTALL).match(self.text, start)
        if match is None:
            raise ShellError(self.line)
        return match.end() - len(end)
