"""Starts an OCI image layout with bubblewrap.

Bazel invokes it as `bazel run //images:NAME_shell -- [options] [--] [COMMAND...]`; the rule image_shell
names the layout and bubblewrap in the environment. By hand: `python3 -m tools.image_run --layout DIR ...`.
"""

import os
import sys

from tools.common.errors import run
from tools.image_run.options import parse
from tools.image_run.start import start_image


def main() -> int:
    """Runs the tool; the exit code is the program's own."""
    return start_image(parse(sys.argv[1:], os.environ))


run(main)
