"""Write a layer for the contract tests: one file in a tar, in any wrapping but not compressed.

Bazel runs `make_layer OUTPUT WRAPPING NAME CONTENT` for the rule test_layer. No compressor is used, so
the bytes are the same with every version of zlib and zstd, and golden digests can be compared.
"""

import io
import struct
import sys
import tarfile
import zlib


def tar(name: str, content: bytes) -> bytes:
    """A tar archive with one file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def gzip_member(data: bytes) -> bytes:
    """A gzip member that holds its data in one stored block."""
    block = struct.pack("<BHH", 1, len(data), len(data) ^ 0xFFFF) + data
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block + struct.pack("<II", zlib.crc32(data), len(data))


def gzip(data: bytes, member: int) -> bytes:
    """A gzip file with one member for each `member` bytes of data."""
    return b"".join(gzip_member(data[at : at + member]) for at in range(0, len(data), member))


def zstd(data: bytes) -> bytes:
    """A zstd frame that holds its data in one raw block."""
    return (
        b"\x28\xb5\x2f\xfd\xa0"
        + struct.pack("<I", len(data))
        + (1 | len(data) << 3).to_bytes(3, "little")
        + data
    )


def main() -> None:
    """See the module's docstring."""
    output, wrapping, name, content = sys.argv[1:]
    plain = tar(name, content.encode())
    data = {
        "tar": lambda: plain,
        "tar.gz": lambda: gzip(plain, 30000),
        "tgz": lambda: gzip(plain, 777),
        "tar.zst": lambda: zstd(plain),
        "tzst": lambda: zstd(plain),
    }[wrapping]()
    with open(output, "wb") as stream:
        stream.write(data)


if __name__ == "__main__":
    main()
