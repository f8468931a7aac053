"""Pulls one image by digest into the current folder, as an OCI image layout.

    PYTHON -BIS tools/base_pull '{"image": ...}'

The module extension of //images:extensions.bzl runs it, before Bazel has fetched anything: standard library
only, the machine's own Python.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - it is the machine's own, and may be anything
    sys.exit(f"error: {sys.executable} is too old to pull an image\n  put Python 3.11 on PATH as python3")

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.base_pull.cache import Cache
from tools.base_pull.places import Places
from tools.base_pull.pull import Wanted, pull
from tools.common.errors import run


def main() -> None:
    """Pulls what the JSON says."""
    request = json.loads(sys.argv[1])
    wanted = Wanted(request["image"], request["digest"], request["platform"])
    places = Places(wanted.image, request["mirrors"], os.environ, Cache.of(os.environ))
    pull(wanted, places, Path.cwd())


run(main)
