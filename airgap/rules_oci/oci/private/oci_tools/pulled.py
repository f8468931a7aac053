"""Put the files of a pulled image into one folder.

Bazel runs `layout OUTPUT ROOT FILE...` (mnemonic OCILayout): each file goes to its place relative to ROOT.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def main(args: list[str]) -> int:
    """See the module's docstring."""
    output, root, *files = args
    for file in files:
        target = Path(output, os.path.relpath(file, root))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(os.path.realpath(file), target)
        except OSError:
            # Another file system, or one without hard links.
            shutil.copyfile(file, target)
    return 0
