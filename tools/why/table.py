"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = (), indent: str = "") -> list[str]:
    """Lines with columns as wide as what is in them, two blanks apart.

    Args:
        rows: the cells.
        right: numbers of the columns whose cells are on the right.
        indent: what each line starts with.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (
            indent
            + "  ".join(
                cell.rjust(width) if number in right else cell.ljust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        ).rstrip()
        for row in rows
    ]


def megabytes(size: int) -> str:
    """A size for people: `12.3 MB`, and what is small in kB."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def count(number: int, singular: str, plural: str = "") -> str:
    """`1 library`, `2 libraries`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
