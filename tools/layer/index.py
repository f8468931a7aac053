"""The index of a layer part: its entries, and where the content of each file is.

What joins parts to a layer needs it, to write a table of contents without looking into them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.layer.part import PartWriter
from tools.layer.tar import Entry


@dataclass(frozen=True)
class Indexed:
    """An entry, and for a file that is not empty where its content is (see Span) and its SHA-256 in hex."""

    entry: Entry
    offset: int = 0
    inner: int = 0
    sha256: str = ""


def index(writer: PartWriter, digests: Mapping[str, str]) -> list[Indexed]:
    """The index of the part that a writer wrote.

    Args:
        writer: after its `close`.
        digests: the SHA-256, in hex, of each file's content by its path. Empty files need none.
    """
    spans = {span.path: span for span in writer.spans}
    if missing := sorted(spans.keys() - digests.keys()):
        raise ToolError(f"no digest is known of {missing[0]!r} and {len(missing) - 1} other files")
    found = []
    for path, entry in writer.entries.items():
        span = spans.get(path)
        found.append(Indexed(entry, span.offset, span.inner, digests[path]) if span else Indexed(entry))
    return found
