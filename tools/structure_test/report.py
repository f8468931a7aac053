"""The JSON report of one run of container-structure-test, and its text for people.

The program writes either a report or a text, and a second run would be another test; so the text is made
from the report, in the words of the program's own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Result:
    """One test."""

    name: str
    passed: bool
    seconds: float = 0.0
    stdout: str = ""
    stderr: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The tests of one configuration."""

    name: str
    results: tuple[Result, ...]

    @property
    def failures(self) -> int:
        """How many tests failed."""
        return sum(not result.passed for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether all is well; without a single test it is not."""
        return bool(self.results) and not self.failures

    @property
    def seconds(self) -> float:
        """How long the tests took."""
        return sum(result.seconds for result in self.results)


def read(name: str, document: str, code: int) -> Report:
    """Reads what the program wrote.

    Args:
        name: file name of the configuration.
        document: the report; empty when the program gave up, as it does when a command cannot be started.
        code: the program's exit code.
    """
    if not document:
        return Report(name, (_unexpected(name, code, "no report"),))
    try:
        results = tuple(_result(name, each) for each in json.loads(document).get("Results") or ())
    except ValueError:
        return Report(name, (_unexpected(name, code, "a report that is cut off"),))
    if code and results and all(result.passed for result in results):
        results += (_unexpected(name, code, "no failed test"),)
    return Report(name, results)


def _unexpected(name: str, code: int, what: str) -> Result:
    problem = f"container-structure-test ended with exit code {code} and {what}; its own message is above"
    return Result(name, passed=False, errors=(problem,))


def _result(name: str, content: dict[str, Any]) -> Result:
    return Result(
        name=content["Name"] or name,  # a configuration that cannot be read is a result without a name
        passed=content["Pass"],
        seconds=content["Duration"] / _NANOSECONDS,
        stdout=content.get("Stdout") or "",
        stderr=content.get("Stderr") or "",
        errors=tuple(content.get("Errors") or ()),
    )


def text(report: Report) -> str:
    """Every test with its output and errors, then the totals."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    title = f"====== Test file: {report.name} ======"
    yield from ("", "=" * len(title), title, "=" * len(title))
    for result in report.results:
        yield f"=== RUN: {result.name}"
        yield "--- PASS" if result.passed else "--- FAIL"
        yield f"duration: {result.seconds:.3f}s"
        if result.stdout:
            yield f"stdout: {result.stdout}"
        if result.stderr:
            yield f"stderr: {result.stderr}"
        yield from (f"Error: {error}" for error in result.errors)
    if not report.results:
        yield "No tests run! Check config file format."
        return
    total = len(report.results)
    yield from ("", "=" * len(title), " RESULTS ".center(len(title), "="), "=" * len(title))
    yield f"Passes:      {total - report.failures}"
    yield f"Failures:    {report.failures}"
    yield f"Duration:    {report.seconds:.3f}s"
    yield f"Total tests: {total}"
    yield from ("", "PASS" if report.passed else "FAIL")
