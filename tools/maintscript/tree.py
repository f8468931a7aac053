"""A shell script as a tree: what parser.py makes, and evaluate.py walks through."""

from dataclasses import dataclass


class ShellError(Exception):
    """A line that is not understood."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True)
class Text:
    """Literal text; without quotes it may be a pattern of file names."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Variable:
    """`$name`, or `${name:-other}` and `${name:+other}`."""

    name: str
    quoted: bool
    operator: str = ""
    other: "Word | None" = None


@dataclass(frozen=True)
class Output:
    """`$(commands)`, not parsed yet, and the line where they begin."""

    source: str
    line: int
    quoted: bool


@dataclass(frozen=True)
class Opaque:
    """A value that nobody computes here, such as arithmetic."""

    quoted: bool = False


Part = Text | Variable | Output | Opaque


@dataclass(frozen=True)
class Word:
    """One word, before anything in it is expanded."""

    parts: tuple[Part, ...]
    line: int

    @property
    def plain(self) -> str:
        """The text of a word without quotes and variables, as reserved words are; '' for others."""
        if all(isinstance(part, Text) and not part.quoted for part in self.parts):
            return "".join(part.text for part in self.parts if isinstance(part, Text))
        return ""


@dataclass(frozen=True)
class Redirect:
    """`>file` and the like; a here-document has its text as the word."""

    operator: str
    target: Word


@dataclass(frozen=True)
class Simple:
    """A program with its arguments, and assignments in front."""

    assigned: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    line: int


@dataclass(frozen=True)
class Pipeline:
    """Commands that feed each other."""

    commands: "tuple[Command, ...]"
    negated: bool


@dataclass(frozen=True)
class AndOr:
    """`first && second || third`, each operator with the command behind it."""

    first: "Command"
    rest: "tuple[tuple[str, Command], ...]"


@dataclass(frozen=True)
class If:
    """`branches` are pairs of condition and body."""

    branches: "tuple[tuple[tuple[Command, ...], tuple[Command, ...]], ...]"
    otherwise: "tuple[Command, ...]"


@dataclass(frozen=True)
class Loop:
    """`for name in words`, or `while condition` with an empty name."""

    name: str
    words: tuple[Word, ...]
    condition: "tuple[Command, ...]"
    body: "tuple[Command, ...]"


@dataclass(frozen=True)
class Case:
    """`branches` are pairs of patterns and body."""

    word: Word
    branches: "tuple[tuple[tuple[Word, ...], tuple[Command, ...]], ...]"


@dataclass(frozen=True)
class Group:
    """`{ commands; }`, or `( commands )` in a shell of its own; or what redirections are for."""

    body: "tuple[Command, ...]"
    own_shell: bool = False
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True)
class Function:
    """`name() { body; }`."""

    name: str
    body: "Command"


Command = Simple | Pipeline | AndOr | If | Loop | Case | Group | Function
