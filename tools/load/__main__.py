"""Loads an OCI image layout into Docker or podman.

Bazel invokes it as `bazel run //images:NAME_load -- [options]`; the rule image_load names the layout,
the tags and the targets in the environment. By hand: `python3 -m tools.load --layout DIR --tag NAME`.
"""

import os
import sys

from tools.common.errors import run
from tools.load.load import load_image
from tools.load.options import parse


def main() -> int:
    """Runs the tool."""
    return load_image(parse(sys.argv[1:], os.environ))


run(main)
