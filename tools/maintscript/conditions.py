"""`test`, and `[`: what conditions in scripts come to in a root."""

from collections.abc import Sequence

from tools.maintscript.root import Root

Value = str | None

_UNARY = frozenset("-" + letter for letter in "bcdefhLprsSwx")


def test(words: Sequence[Value], root: Root) -> bool | None:
    """True or false, or None when that is not known."""
    return _Test(list(words), root).value()


class _Test:
    """`test`: comparisons with `!`, `-a`, `-o` and parentheses."""

    def __init__(self, words: list[Value], root: Root) -> None:
        self._words, self._root = words, root

    def value(self) -> bool | None:
        if not self._words:
            return False
        value = self._or()
        return None if self._words else value  # not understood to the end

    def _or(self) -> bool | None:
        value = self._and()
        while self._words[:1] == ["-o"]:
            self._words.pop(0)
            other = self._and()
            value = True if value or other else None if None in (value, other) else False
        return value

    def _and(self) -> bool | None:
        value = self._not()
        while self._words[:1] == ["-a"]:
            self._words.pop(0)
            other = self._not()
            value = False if False in (value, other) else None if None in (value, other) else True
        return value

    def _not(self) -> bool | None:
        if self._words[:1] == ["!"] and len(self._words) > 1:
            self._words.pop(0)
            value = self._not()
            return None if value is None else not value
        return self._one()

    def _one(self) -> bool | None:
        words = self._words
        if len(words) >= 3 and words[1] in (
            "=",
            "==",
            "!=",
            "-eq",
            "-ne",
            "-lt",
            "-le",
            "-gt",
            "-ge",
            "-nt",
            "-ot",
        ):
            mine, operator, other = words[:3]
            del words[:3]
            if mine is None or other is None:
                return None
            if operator in ("=", "==", "-eq"):
                return mine == other
            return mine != other if operator in ("!=", "-ne") else None
        if words[:1] == ["("]:
            words.pop(0)
            value = self._or()
            if words[:1] == [")"]:
                words.pop(0)
            return value
        if len(words) >= 2 and words[0] is not None and words[0].startswith("-") and len(words[0]) == 2:
            operator, operand = words[0], words[1]
            del words[:2]
            return self._unary(operator, operand)
        if not words:
            return None
        word = words.pop(0)
        return None if word is None else bool(word)

    def _unary(self, operator: str, operand: Value) -> bool | None:
        if operand is None:
            return None
        if operator in ("-n", "-z"):
            return bool(operand) == (operator == "-n")
        kind = self._root.kind(operand) if operand else ""
        if kind is None or operator not in _UNARY:
            return None
        if kind == "" or (operator in ("-h", "-L") and kind != "something"):
            return kind == "symlink"
        if operator in ("-f", "-d") and kind in ("file", "directory"):
            return kind == {"-f": "file", "-d": "directory"}[operator]
        return True if operator in ("-e", "-x") and kind != "symlink" else None
