"""Puts the JUnit reports of several runs together, for the file that Bazel hands on to CI."""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree


def merge(reports: Iterable[tuple[str, bytes]]) -> bytes:
    """One document with a suite for each report.

    Args:
        reports: names of the suites, and the XML that container-structure-test wrote for each.
    """
    merged = ElementTree.Element("testsuites")
    for name, report in reports:
        for suite in ElementTree.fromstring(report).iter("testsuite"):
            cases = suite.findall("testcase")
            suite.set("name", name)
            suite.set("tests", str(len(cases)))
            suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
            merged.append(suite)
    for count in ("tests", "failures"):
        merged.set(count, str(sum(int(suite.get(count, "0")) for suite in merged)))
    return bytes(ElementTree.tostring(merged, encoding="utf-8", xml_declaration=True))


def write(target: Path, reports: Iterable[tuple[str, bytes]]) -> None:
    """Writes the merged report to a file."""
    target.write_bytes(merge(reports))
