"""Tests an image with container-structure-test, started by Bazel as the executable of the rule image_test.

The environment names the specification (STRUCTURE_TEST_SPEC), a place for files (TEST_TMPDIR) and the report
that Bazel wants (XML_OUTPUT_FILE). Exit code 0 when every configuration passes, 1 otherwise.
"""

import os
import sys
from pathlib import Path

from tools.common.errors import run
from tools.image_run.layout import open_image
from tools.image_run.store import temporary_folder
from tools.image_run.unpack import unpack
from tools.structure_test import junit
from tools.structure_test.inside import Inside
from tools.structure_test.spec import read_spec


def main() -> int:
    """Runs the tool."""
    spec = read_spec(os.environ)
    parent = os.environ.get("TEST_TMPDIR")
    with temporary_folder(Path(parent) if parent else None, "structure_test-") as scratch:
        image = open_image(spec.layout)
        unpack(image, scratch / "root")
        inside = Inside(image, scratch / "root", spec.program, spec.bwrap, scratch)
        failed = False
        for config in spec.configs:
            sys.stdout.flush()
            failed |= inside.text(config) != 0
        if report := os.environ.get("XML_OUTPUT_FILE"):
            junit.write(Path(report), [(config.name, inside.report(config)) for config in spec.configs])
    return int(failed)


run(main)
