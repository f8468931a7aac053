"""The formats that a layer of parts may have, by the names that rules give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from tools.layer.estargz import MEMBER_SIZE
from tools.layer.part import GZIP, Codec, EntryWriter, PartWriter
from tools.layer.zstd_part import ZSTD, ZstdPartWriter


@dataclass(frozen=True)
class Format:
    """How parts are written, what joins them, and whether the layer has a table of contents."""

    writer: Callable[[BinaryIO], EntryWriter]
    codec: Codec
    has_toc: bool = False

    def spans(self, writer: EntryWriter) -> dict[str, tuple[int, int]]:
        """Where contents are in a part that was written, by offset and inner offset; for a table of
        contents.
        """
        if self.has_toc and isinstance(writer, PartWriter):
            return {span.path: (span.offset, span.inner) for span in writer.spans}
        return {}


FORMATS = {
    "gzip": Format(PartWriter, GZIP),
    "estargz": Format(lambda out: PartWriter(out, member_size=MEMBER_SIZE), GZIP, has_toc=True),
    "zstd": Format(ZstdPartWriter, ZSTD),
}
