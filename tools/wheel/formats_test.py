"""Archives of every form that zip allows for wheels are read as zipfile reads them."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.wheel.wheel import Wheel
from tools.wheel.wheel_writer import record_line
from tools.wheel.zip_writer import Raw, raw_wheel

NOISE = random.Random(0).randbytes(100_000)
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def agrees(path: Path) -> None:
    """Reads every member both ways; zipfile has the same."""
    with zipfile.ZipFile(path) as archive, Wheel.open(path) as wheel:
        assert wheel.names() == sorted(name for name in archive.namelist() if not name.endswith("/"))
        for name in wheel.names():
            member, data = wheel.member(name), archive.read(name)
            assert (member.read(), member.size, member.crc) == (data, len(data), zlib.crc32(data))
            if member.is_deflated:
                assert zlib.decompress(b"".join(member.deflated()), -zlib.MAX_WBITS) == data
            assert wheel.head(name, 9) == data[:9]
        wheel.verify()


INFO = [
    Raw("tiny-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"),
    Raw("tiny-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\n"),
]

MEMBERS: dict[str, list[Raw]] = {
    "stored": [Raw("large", NOISE, STORED), Raw("small", b"x", STORED), Raw("empty", b"", STORED)],
    "empty": [Raw("deflated"), Raw("descriptor", descriptor=True)],
    "data descriptors": [Raw("a", NOISE, descriptor=True), Raw("b", b"b", STORED, descriptor=True)],
    "zip64": [Raw("a", NOISE, zip64=True), Raw("b", b"b", STORED, zip64=True)],
    "zip64 descriptors": [Raw("a", NOISE, zip64=True, descriptor=True), Raw("b", b"b")],
    "long names": [Raw("/".join(["n" * 99] * 5), b"x"), Raw("m" * 255, b"y"), Raw("é" * 127, b"z")],
    "names": [Raw("pkg/é.py", b"x"), Raw("日本/語", b"y"), Raw("a b,\"c'.py", b"z"), Raw("\u202e", b"!")],
    "folders": [Raw("pkg/", method=STORED), Raw("pkg/a.py", b"x"), Raw("none/in/it/", method=STORED)],
}


@pytest.mark.parametrize(
    "form", [{}, {"zip64": True}, {"prefix": b"#!/bin/sh\n" * 50}, {"comment": b"PK" * 99}]
)
@pytest.mark.parametrize("case", MEMBERS)
def test_forms(case: str, form: dict[str, bytes], tmp_path: Path) -> None:
    record = "".join(
        record_line(f'"{name}"'.replace('"c', '""c') if "," in name else name, member.data)
        for member in [*MEMBERS[case], *INFO]
        if not (name := str(member.name)).endswith("/")
    )
    agrees(raw_wheel(tmp_path, [*MEMBERS[case], *INFO], record=record, **form))  # type: ignore[arg-type]


def test_a_name_without_the_flag_of_utf8_is_in_the_first_pcs_letters(tmp_path: Path) -> None:
    """RECORD is UTF-8 whatever the archive's names are in."""
    path = raw_wheel(
        tmp_path,
        [Raw("tiny/é.py".encode("cp437"), b"x"), *INFO],
        record="".join(record_line(str(each.name), each.data) for each in [Raw("tiny/é.py", b"x"), *INFO]),
    )
    agrees(path)


class Pipe(io.RawIOBase):
    """A stream that cannot seek, so that zipfile writes data descriptors."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


FILES = st.dictionaries(
    st.text("abc", min_size=1, max_size=3).map(lambda name: f"{name}.py") | st.sampled_from(["é/x", "d/e/f"]),
    st.tuples(st.binary(max_size=300) | st.integers(0, 99_999).map(lambda size: NOISE[:size]), st.booleans()),
    max_size=5,
)


@settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=FILES, level=st.integers(0, 9), large=st.booleans(), pipe=st.booleans())
def test_what_zipfile_writes(
    files: dict[str, tuple[bytes, bool]], level: int, large: bool, pipe: bool, tmp_path: Path
) -> None:
    target = Pipe() if pipe else io.BytesIO()
    record = "".join(record_line(name, data) for name, (data, _) in files.items())
    record += "".join(record_line(str(each.name), each.data) for each in INFO)
    contents = files | {str(each.name): (each.data, False) for each in INFO}
    contents["tiny-1.0.dist-info/RECORD"] = (record.encode(), True)
    with zipfile.ZipFile(cast(BinaryIO, target), "w", compresslevel=level) as archive:
        for name, (data, stored) in contents.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = STORED if stored else DEFLATED
            with archive.open(info, "w", force_zip64=large) as stream:
                stream.write(data)
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    path.write_bytes(target.data if isinstance(target, Pipe) else target.getvalue())
    agrees(path)
