"""The colours and sizes of a drawn graph, in dark and light."""

from __future__ import annotations

from collections.abc import Iterator

from tools.lib_closure import closure as c

NAME_SIZE, SMALL_SIZE, TITLE_SIZE = 12, 10, 15

# Fill and stroke of boxes, and of the lines to them, on white and on black.
_COLOURS = {
    "distribution": (("#ffffff", "#424a53"), ("#0d1117", "#afb8c1")),
    c.APT: (("#ddf4ff", "#0969da"), ("#0c2d6b", "#58a6ff")),
    c.BASE: (("#eaeef2", "#8c959f"), ("#21262d", "#6e7681")),
    c.NVIDIA: (("#dafbe1", "#1a7f37"), ("#033a16", "#3fb950")),
    c.SIBLING: (("#fbefff", "#8250df"), ("#271052", "#bc8cff")),
    c.PRELOAD: (("#fff1e5", "#bc4c00"), ("#3d1300", "#f0883e")),
    c.DRIVER: (("#fff8c5", "#9a6700"), ("#341a00", "#d29922")),
    c.PLUGIN: (("#ffffff", "#8c959f"), ("#0d1117", "#8b949e")),
    c.UNRESOLVED: (("#ffebe9", "#cf222e"), ("#490202", "#f85149")),
}
_DASHED = (c.PLUGIN, c.PRELOAD)


def style() -> str:
    """The style sheet."""
    light, dark = (list(_rules(number)) for number in (0, 1))
    return "\n".join(
        [
            "<style>",
            f"text{{font-family:'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif;font-size:{NAME_SIZE}px}}",
            f".title{{font-size:{TITLE_SIZE}px;font-weight:bold}}",
            f".small{{font-size:{SMALL_SIZE}px}}",
            ".line{fill:none;stroke-width:1.2}.line:hover{stroke-width:3}",
            ".box{stroke-width:1.2}.missing{stroke-dasharray:4 3}",
            *(f".l-{status}{{stroke-dasharray:4 3}}" for status in _DASHED),
            *light,
            "@media (prefers-color-scheme:dark){",
            *dark,
            "}",
            "</style>",
        ]
    )


def _rules(number: int) -> Iterator[str]:
    page, text, small = (("#ffffff", "#1f2328", "#59636e"), ("#0d1117", "#f0f6fc", "#9198a1"))[number]
    yield f".page{{fill:{page}}}text{{fill:{text}}}.small{{fill:{small}}}"
    for status, schemes in _COLOURS.items():
        fill, stroke = schemes[number]
        yield f".b-{status}{{fill:{fill};stroke:{stroke}}}"
        yield f".l-{status}{{stroke:{stroke}}}.h-{status}{{fill:{stroke}}}"
