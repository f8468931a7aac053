"""Writes tiny ELF files for tests: real enough for the real ld.so, ldconfig and readelf.

A file is one loaded segment with the ELF header, the program headers, the dynamic section and its tables, and
no section headers. Nothing is executed in it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
_LOAD, _DYNAMIC, _INTERP, _NOTE, _PROPERTY = 1, 2, 3, 4, 0x6474E553
_WEAK = 2
_ALIGN = 0x1000


@dataclass(frozen=True)
class Spec:
    """What the file should say. `versions` are pairs of a library and the versions needed of it.

    `weak` are of the same form: a library of both tables has the weak ones behind the others.
    `defined` are the versions that the file itself defines, besides the entry with its name.
    With a `base` the content is loaded at that address, and a small segment before it at address 0.
    """

    soname: str | None = None
    needed: Sequence[str] = ()
    rpath: str | None = None
    runpath: str | None = None
    interpreter: str | None = None
    versions: Sequence[tuple[str, Sequence[str]]] = ()
    weak: Sequence[tuple[str, Sequence[str]]] = ()
    defined: Sequence[str] = ()
    flags_1: int = 0
    isa_needed: int = 0
    oldest_kernel: tuple[int, int, int] | None = None
    type: int = ET_DYN
    machine: int = 62
    bits: int = 64
    little: bool = True
    flags: int = 0
    dynamic: bool = True
    padding: int = 0
    base: int = 0


def write(spec: Spec) -> bytes:
    """The bytes of the file."""
    return _Writer(spec).write()


class _Writer:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._order = "<" if spec.little else ">"
        self._word = "Q" if spec.bits == 64 else "I"
        self._strings = b"\0"

    def write(self) -> bytes:
        spec = self._spec
        header_size, segment_size = (64, 56) if spec.bits == 64 else (52, 32)
        optional = (spec.base, spec.dynamic, spec.interpreter, spec.isa_needed, spec.oldest_kernel)
        count = 1 + sum(map(bool, optional))
        start = header_size + segment_size * count
        body = bytearray(spec.padding)

        def put(data: bytes) -> tuple[int, int]:
            body.extend(bytes(-(start + len(body)) % 8))
            place = start + len(body)
            body.extend(data)
            return place, len(data)

        segments: list[tuple[int, int, int]] = []
        if spec.interpreter:
            segments.append((_INTERP, *put(spec.interpreter.encode() + b"\0")))
        if spec.isa_needed:
            segments.append((_PROPERTY, *put(self._property())))
        if spec.oldest_kernel:
            note = self._pack("III", 4, 16, 1) + b"GNU\0" + self._pack("IIII", 0, *spec.oldest_kernel)
            segments.append((_NOTE, *put(note)))
        if spec.dynamic:
            segments.append((_DYNAMIC, *self._dynamic(put)))
        size = start + len(body)
        loaded = [(_LOAD, 0, 16), (_LOAD, 0, size)] if spec.base else [(_LOAD, 0, size)]
        raw = b"".join(self._segment(*segment) for segment in [*loaded, *segments])
        return self._header(header_size, segment_size, count) + raw + bytes(body)

    def _pack(self, layout: str, *values: int) -> bytes:
        return struct.pack(self._order + layout.replace("W", self._word), *values)

    def _string(self, text: str) -> int:
        self._strings += text.encode() + b"\0"
        return len(self._strings) - len(text.encode()) - 1

    def _header(self, header_size: int, segment_size: int, count: int) -> bytes:
        spec = self._spec
        ident = b"\x7fELF" + bytes([spec.bits // 32, 1 if spec.little else 2, 1]) + bytes(9)
        numbers = (spec.type, spec.machine, 1, 0, header_size, 0, spec.flags)
        return ident + self._pack("HHIWWWIHHHHHH", *numbers, header_size, segment_size, count, 0, 0, 0)

    def _segment(self, kind: int, place: int, size: int) -> bytes:
        flags, align = 6 if kind in (_LOAD, _DYNAMIC) else 4, _ALIGN if kind == _LOAD else 8
        address = place if (kind, size) == (_LOAD, 16) else self._spec.base + place
        if self._spec.bits == 64:
            return self._pack("IIQQQQQQ", kind, flags, place, address, address, size, size, align)
        align = align if kind == _LOAD else 4
        return self._pack("IIIIIIII", kind, place, address, address, size, size, flags, align)

    def _dynamic(self, put: Callable[[bytes], tuple[int, int]]) -> tuple[int, int]:
        spec = self._spec
        entries = [(1, self._string(name)) for name in spec.needed]
        for tag, text in ((14, spec.soname), (15, spec.rpath), (29, spec.runpath)):
            if text is not None:
                entries.append((tag, self._string(text)))
        libraries = list(dict.fromkeys(library for library, _ in (*spec.versions, *spec.weak)))
        if libraries:
            entries += [
                (0x6FFFFFFE, spec.base + put(self._version_needs(libraries))[0]),
                (0x6FFFFFFF, len(libraries)),
            ]
        if spec.defined:
            entries += [
                (0x6FFFFFFC, spec.base + put(self._version_definitions())[0]),
                (0x6FFFFFFD, 1 + len(spec.defined)),
            ]
        if libraries or spec.defined:
            entries.append((0x6FFFFFF0, spec.base + put(bytes(2))[0]))  # the version of the one symbol
        if spec.flags_1:
            entries.append((0x6FFFFFFB, spec.flags_1))
        symbol = bytes(24 if spec.bits == 64 else 16)
        table, size = put(self._strings)
        entries += [(5, spec.base + table), (10, size), (6, spec.base + put(symbol)[0]), (11, len(symbol))]
        entries += [(4, spec.base + put(self._pack("IIII", 1, 1, 0, 0))[0]), (0, 0)]
        return put(b"".join(self._pack("WW", *entry) for entry in entries))

    def _version_needs(self, libraries: Sequence[str]) -> bytes:
        hard, weak, raw = dict(self._spec.versions), dict(self._spec.weak), b""
        for library in libraries:
            versions = [(name, 0) for name in hard.get(library, ())] + [
                (name, _WEAK) for name in weak.get(library, ())
            ]
            following = 0 if library == libraries[-1] else 16 + 16 * len(versions)
            raw += self._pack("HHIII", 1, len(versions), self._string(library), 16, following)
            for index, (version, flags) in enumerate(versions):
                step = 0 if index == len(versions) - 1 else 16
                raw += self._pack("IHHII", 0, flags, index + 2, self._string(version), step)
        return raw

    def _version_definitions(self) -> bytes:
        """Each version is said to succeed the one before, as linkers say it with a second name."""
        names, raw = [self._spec.soname or "base", *self._spec.defined], b""
        places = [self._string(name) for name in names]
        for index, place in enumerate(places):
            chain = [place, *places[1:index][-1:]]
            following = 0 if index == len(names) - 1 else 20 + 8 * len(chain)
            raw += self._pack("HHHHIII", 1, not index, index + 1, len(chain), 0, 20, following)
            for at, name in enumerate(chain):
                raw += self._pack("II", name, 0 if at == len(chain) - 1 else 8)
        return raw

    def _property(self) -> bytes:
        body = self._pack("III", 0xC0008002, 4, self._spec.isa_needed) + bytes(
            4 if self._spec.bits == 64 else 0
        )
        return self._pack("III", 4, len(body), 5) + b"GNU\0" + body
