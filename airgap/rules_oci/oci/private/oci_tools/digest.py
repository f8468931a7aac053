"""Take the two small files out of a layout that other rules want: index.json, and the digest alone.

Bazel runs `digest LAYOUT INDEX_OUTPUT DIGEST_OUTPUT` (mnemonic OCIDigest).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from .layout import Layout


def main(args: list[str]) -> int:
    """See the module's docstring."""
    root, index, digest = map(Path, args)
    shutil.copyfile(root / "index.json", index)
    digest.write_text(Layout(root).descriptors()[0]["digest"] + "\n", encoding="utf-8")
    return 0
