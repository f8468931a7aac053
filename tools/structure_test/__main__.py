"""Tests an image with container-structure-test, started by Bazel as the executable of the rule image_test.

The environment names the specification (STRUCTURE_TEST_SPEC), a place for files (TEST_TMPDIR) and the report
that Bazel wants (XML_OUTPUT_FILE). Exit code 0 when every configuration passes, 1 otherwise, and 128+N at
once when signal N ends it, as at Bazel's timeout.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from tools.common.errors import run
from tools.image_run.layout import open_image
from tools.image_run.store import temporary_folder
from tools.image_run.unpack import unpack
from tools.structure_test import junit
from tools.structure_test.inside import Ended, Inside
from tools.structure_test.report import Report, text
from tools.structure_test.spec import Spec, read_spec


def main() -> int:
    """Runs the tool."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    spec = read_spec(os.environ)
    parent = os.environ.get("TEST_TMPDIR")
    try:
        with temporary_folder(Path(parent) if parent else None, "structure_test-") as scratch:
            reports = _test(spec, scratch)
    except Ended as ended:
        print(f"error: {ended} before the tests were done", file=sys.stderr)
        return ended.code
    if target := os.environ.get("XML_OUTPUT_FILE"):
        junit.write(Path(target), reports)
    return int(not all(report.passed for report in reports))


def _test(spec: Spec, scratch: Path) -> list[Report]:
    """Tests by every configuration and prints each result as soon as it is there."""
    image = open_image(spec.layout)
    unpack(image, scratch / "root")
    inside = Inside(image, scratch / "root", spec.program, spec.bwrap, scratch)
    reports = []
    for config in spec.configs:
        reports.append(inside.test(config))
        sys.stdout.buffer.write(text(reports[-1]).encode("utf-8", "replace"))  # in any locale
        sys.stdout.buffer.flush()
    return reports


def _end(number: int, frame: FrameType | None) -> None:
    """Ends by an exception, so that the image is removed; a running program gets the signal itself."""
    raise Ended(128 + number)


run(main)
