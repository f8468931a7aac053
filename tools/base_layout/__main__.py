"""Puts the files of a pulled image layout into one folder, which is what rules take for an image.

Bazel invokes it as `base_layout OUTPUT ROOT FILE...`: each file goes to its place relative to ROOT, as a hard
link where that works.
"""

import os
import shutil
import sys
from pathlib import Path

from tools.common.errors import run


def main() -> None:
    """Fills the folder."""
    output, root, *files = sys.argv[1:]
    for file in files:
        target = Path(output, os.path.relpath(file, root))
        target.parent.mkdir(parents=True, exist_ok=True)
        source = os.path.realpath(file)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


run(main)
