"""Writes the reports of all configurations as JUnit's XML, for the file that Bazel hands on to CI."""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from tools.structure_test.report import Report, Result

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(reports: Sequence[Report]) -> bytes:
    """One document with a suite for each report."""
    root = ElementTree.Element("testsuites", _counts(reports))
    for report in reports:
        suite = ElementTree.SubElement(root, "testsuite", {"name": report.name} | _counts([report]))
        for result in report.results:
            _case(suite, report, result)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def write(target: Path, reports: Sequence[Report]) -> None:
    """Writes the document to a file."""
    target.write_bytes(document(reports))


def _counts(reports: Sequence[Report]) -> dict[str, str]:
    return {
        "tests": str(sum(len(report.results) for report in reports)),
        "failures": str(sum(report.failures for report in reports)),
        "time": f"{sum(report.seconds for report in reports):.3f}",
    }


def _case(suite: ElementTree.Element, report: Report, result: Result) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": report.name, "name": _clean(result.name), "time": f"{result.seconds:.3f}"},
    )
    if not result.passed:
        errors = result.errors or ("failed",)
        failure = ElementTree.SubElement(case, "failure", {"message": _clean(errors[0])})
        failure.text = _clean("\n".join(errors))
    for tag, output in (("system-out", result.stdout), ("system-err", result.stderr)):
        if output:
            ElementTree.SubElement(case, tag).text = _clean(output)


def _clean(content: str) -> str:
    """The text without what XML has no place for, such as a terminal's colours."""
    return _NO_XML.sub("\ufffd", content)
