"""Every decision of apt/policy/sonames.json is one of an index: nobody keeps those that are of no use."""

from __future__ import annotations

from apt.tests.roots import runfile, runfile_list
from tools.apt_lock.choose import read_decisions
from tools.sonames.index import Sonames


def test_every_decision_is_in_an_index() -> None:
    indexes = [Sonames.load(path) for path in runfile_list("INDEXES")]
    useless = [
        f"{soname}: {decision.package} {' '.join(decision.suites)}"
        for decision in read_decisions(runfile("DECISIONS"))
        for soname in decision.sonames
        if decision.package
        not in {
            packages.get(soname, "").removesuffix("t64")
            for index in indexes
            if not decision.suites or index.suite in decision.suites
            for packages in index.packages.values()
        }
    ]
    assert useless == []
