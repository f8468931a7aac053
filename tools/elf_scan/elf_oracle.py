"""What pyelftools says of an ELF file, in the form of this reader's facts: the oracle of its tests.

It goes by segments, as the loader does, so that files without section headers are compared too.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from elftools.common.exceptions import ELFError
from elftools.construct.lib.container import Container
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_E_MACHINE, ENUM_E_TYPE
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
from elftools.elf.notes import iter_notes
from elftools.elf.segments import InterpSegment, Segment

from tools.elf_scan import elf


def expected(stream: BinaryIO) -> elf.Elf | None:
    """The facts; None when it is no ELF file."""
    if stream.read(4) != elf.MAGIC:
        return None
    stream.seek(0)
    try:
        return _Oracle(ELFFile(stream)).facts()
    except ELFError:
        return None


class _Oracle:
    def __init__(self, file: ELFFile) -> None:
        self._file = file
        self._segments: list[Segment] = list(file.iter_segments())

    def facts(self) -> elf.Elf:
        file, header = self._file, self._file.header
        kind = ENUM_E_TYPE.get(header.e_type, header.e_type)
        machine = ENUM_E_MACHINE.get(header.e_machine, header.e_machine)
        base = (kind, machine, file.elfclass, file.little_endian, header.e_flags)
        dynamic = next((part for part in self._segments if isinstance(part, DynamicSegment)), None)
        if dynamic is None or kind not in (elf.ET_EXEC, elf.ET_DYN):
            return elf.Elf(*base)
        self._dynamic, self._tags = dynamic, list(dynamic.iter_tags())
        interpreters = [part.get_interp_name() for part in self._segments if isinstance(part, InterpSegment)]
        return elf.Elf(
            *base,
            dynamic=True,
            interpreter=next(iter(interpreters), None),
            soname=self._last("DT_SONAME", "soname"),
            needed=tuple(tag.needed for tag in self._tags if tag.entry.d_tag == "DT_NEEDED"),  # type: ignore[attr-defined]
            rpath=self._last("DT_RPATH", "rpath"),
            runpath=self._last("DT_RUNPATH", "runpath"),
            nodeflib=bool(self._number("DT_FLAGS_1") & 0x800),
            version_needs=tuple(self._needs()),
            version_definitions=tuple(self._definitions()),
            x86_isa_needed=self._isa_needed() if machine == elf.EM_X86_64 else 0,
        )

    def _last(self, tag: str, attribute: str) -> str | None:
        found = (getattr(each, attribute) for each in reversed(self._tags) if each.entry.d_tag == tag)
        return next(found, None)

    def _number(self, tag: str) -> int:
        return next((int(each.entry.d_val) for each in self._tags if each.entry.d_tag == tag), 0)

    def _table(self, tag: str) -> Container:
        """What the header of the section would say."""
        _, offset = self._dynamic.get_table_offset(tag)
        unused = dict.fromkeys(("sh_flags", "sh_size", "sh_addralign"), 0)
        return Container(sh_offset=offset, sh_info=self._number(tag + "NUM"), **unused)

    def _strings(self) -> Any:
        return self._dynamic._get_stringtable()

    def _needs(self) -> list[elf.VersionNeed]:
        table = GNUVerNeedSection(self._table("DT_VERNEED"), "", self._file, self._strings())
        found = []
        for need, auxiliaries in table.iter_versions():
            versions = [(str(each.name), each["vna_flags"] & 2) for each in auxiliaries]
            strong, weak = (tuple(name for name, flag in versions if flag == wanted) for wanted in (0, 2))
            found.append(elf.VersionNeed(str(need.name), strong, weak))
        return found

    def _definitions(self) -> list[str]:
        table = GNUVerDefSection(self._table("DT_VERDEF"), "", self._file, self._strings())
        return [str(next(names).name) for each, names in table.iter_versions() if not each["vd_flags"] & 1]

    def _isa_needed(self) -> int:
        part = next((each for each in self._segments if each["p_type"] == "PT_GNU_PROPERTY"), None)
        notes = iter_notes(self._file, part["p_offset"], part["p_filesz"]) if part else ()
        for note in notes:
            if (note["n_name"], note["n_type"]) == ("GNU", "NT_GNU_PROPERTY_TYPE_0"):
                for fact in note["n_desc"]:
                    if fact["pr_type"] == "GNU_PROPERTY_X86_ISA_1_NEEDED":
                        return int(fact["pr_data"])
        return 0
