"""How wide text is in a picture whose fonts nobody knows: as in DejaVu Sans, the widest of the usual ones."""

from __future__ import annotations

import math

_BOLD = 1.2
# Hundredths of the font's size, and the letters that are so wide; all others count as the widest.
_LETTERS = {
    29: "'ijl IJ",
    34: "’,./:;\\|",
    40: "()[]f-t!",
    41: "r",
    50: '"*_`–·',
    53: "sz?",
    58: "cLFk",
    62: "vxyPTYaoe",
    64: "ESbdghnpqu$0123456789{}",
    70: "KAVBRXZC",
    79: "UHNDG&OQ",
    86: "w#+<=>^~M",
}
_WIDTHS = {letter: width for width, letters in _LETTERS.items() for letter in letters}
_WIDEST = 100


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text, in the unit of the font's size."""
    return math.fsum(_WIDTHS.get(letter, _WIDEST) for letter in text) * size / 100 * (_BOLD if bold else 1)


def trimmed(text: str, size: float, most: float) -> str:
    """The text, or its beginning with an ellipsis when it is wider."""
    if width(text, size) <= most:
        return text
    while text and width(text + "…", size) > most:
        text = text[:-1]
    return text.rstrip(" ,") + "…"
