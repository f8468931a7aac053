"""Licences by Debian's machine-readable copyright files, and nothing by the others."""

from __future__ import annotations

import pytest

from tools.component.dep5 import licence

HEAD = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n"


@pytest.mark.parametrize(
    ("names", "expression"),
    [
        (["GPL-2+"], "GPL-2.0-or-later"),
        (["Expat", "Expat"], "MIT"),
        (["GPL-2+ or Artistic"], "GPL-2.0-or-later OR Artistic-1.0"),
        (["GPL-2+ and BSD-3-clause", "BSD-3-clause"], "BSD-3-Clause AND GPL-2.0-or-later"),
        (["Expat", "GPL-2 or LGPL-2.1+"], "(GPL-2.0-only OR LGPL-2.1-or-later) AND MIT"),
        (["GPL-1+ or Artistic, and BSD-3-clause"], "(GPL-1.0-or-later OR Artistic-1.0) AND BSD-3-Clause"),
        (["GPL-2+ and Zlib or Expat"], "(GPL-2.0-or-later AND Zlib) OR MIT"),
        (["GPL-3+ with GCC exception"], "GPL-3.0-or-later WITH GCC-exception-3.1"),
        ([""], ""),
    ],
)
def test_names_of_debian_become_those_of_spdx(names: list[str], expression: str) -> None:
    stanzas = [f"Files: {number}\nCopyright: me\nLicense: {name}\n text" for number, name in enumerate(names)]
    found = licence("x", "\n\n".join([HEAD, *stanzas, "License: Apache-2.0\n only a text"]))
    assert found.expression == expression
    assert found.refs == {}


def test_what_spdx_has_no_name_for_keeps_its_own() -> None:
    found = licence(
        "lib+x", f"{HEAD}\nFiles: *\nLicense: public-domain\n\nFiles: y\nLicense: Expat or my own\n"
    )
    assert found.expression == (
        "LicenseRef-debian-lib-x-public-domain AND (MIT OR LicenseRef-debian-lib-x-my-own)"
    )
    assert found.refs == {
        "LicenseRef-debian-lib-x-my-own": "my own: see /usr/share/doc/lib+x/copyright",
        "LicenseRef-debian-lib-x-public-domain": "public-domain: see /usr/share/doc/lib+x/copyright",
    }


def test_exceptions_without_a_name_are_not_dropped() -> None:
    found = licence("x", f"{HEAD}\nFiles: *\nLicense: GPL-2+ with OpenSSL exception\n")
    assert found.expression == "LicenseRef-debian-x-GPL-2-with-OpenSSL-exception"


def test_parentheses_bind_and_such_an_expression_is_not_taken_apart() -> None:
    found = licence("x", f"{HEAD}\nFiles: *\nLicense: (GPL-2 or Expat) and BSD-3-clause\n")
    assert found.expression == "LicenseRef-debian-x-GPL-2-or-Expat-and-BSD-3-clause"
    assert list(found.refs.values()) == [
        "(GPL-2 or Expat) and BSD-3-clause: see /usr/share/doc/x/copyright",
    ]


def test_two_names_that_differ_in_signs_stay_two() -> None:
    stanzas = "".join(f"\nFiles: {name}\nLicense: {name}\n" for name in ("own-1+", "own-1", "own-1+"))
    found = licence("x", f"{HEAD}{stanzas}")
    assert found.expression == "LicenseRef-debian-x-own-1 AND LicenseRef-debian-x-own-1-2"
    assert found.refs == {
        "LicenseRef-debian-x-own-1": "own-1+: see /usr/share/doc/x/copyright",
        "LicenseRef-debian-x-own-1-2": "own-1: see /usr/share/doc/x/copyright",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "This package was debianized by me.\n\nLicense: GPL-2\n",
        "Files: *\nLicense: GPL-2\n",
        "\0\n\n:::\n",
    ],
)
def test_nothing_is_concluded_from_prose(text: str) -> None:
    assert licence("x", text).expression == ""
