"""Which of the host's apt sources is Debian's main archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.bazelw import aptsources

_DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.test/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
"""
_INLINE_KEY = """\
Types: deb
URIs: http://mirror.test/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"sources.list": ""}, None, id="empty"),
        pytest.param(
            {"sources.list": "deb http://m.test/debian bookworm main\n"},
            "http://m.test/debian",
            id="one line",
        ),
        pytest.param(
            {"sources.list": "\tdeb [ arch=amd64 signed-by=/k.gpg ] https://m.test/debian/  sid main # x\n"},
            "https://m.test/debian",
            id="options, blanks, comment",
        ),
        pytest.param(
            {"sources.list": "# deb http://m.test/debian bookworm main\n"}, None, id="commented out"
        ),
        pytest.param(
            {"sources.list": "deb-src http://m.test/debian bookworm main\n"}, None, id="sources only"
        ),
        pytest.param({"sources.list": "deb http://m.test/debian bookworm contrib\n"}, None, id="not main"),
        pytest.param({"sources.list": "deb http://m.test/debian\n"}, None, id="malformed"),
        pytest.param({"sources.list": "deb cdrom:[Debian 12]/ bookworm main\n"}, None, id="a CD"),
        pytest.param(
            {"sources.list": "deb http://m.test/debian-security bookworm-security main\n"},
            None,
            id="security only",
        ),
        pytest.param({"sources.list": "deb http://m.test/ubuntu noble main\n"}, None, id="Ubuntu"),
        pytest.param(
            {"sources.list.d/chrome.list": "deb [arch=amd64] https://vendor.test/chrome/deb/ stable main\n"},
            None,
            id="a vendor's archive alone",
        ),
        pytest.param(
            {
                "sources.list.d/a-vendor.list": "deb https://vendor.test/apt bookworm main\n",
                "sources.list.d/debian.sources": _DEB822,
            },
            "http://mirror.test/debian",
            id="a vendor's archive first",
        ),
        pytest.param({"sources.list.d/debian.sources": _DEB822}, "http://mirror.test/debian", id="deb822"),
        pytest.param(
            {"sources.list.d/x.sources": _INLINE_KEY}, "http://mirror.test/debian", id="deb822 with a key"
        ),
        pytest.param(
            {"sources.list.d/debian.sources": "Enabled: no\n" + _DEB822.split("\n\n", maxsplit=1)[0]},
            None,
            id="disabled",
        ),
        pytest.param({"sources.list.d/debian.sources.bak": _DEB822}, None, id="a file that apt ignores"),
        pytest.param(
            {
                "sources.list.d/corp.list": "deb https://corp.test/apt-proxy bookworm main\n"
                "deb https://corp.test/apt-proxy bookworm-updates main\n"
            },
            "https://corp.test/apt-proxy",
            id="a mirror under another name, with updates",
        ),
        pytest.param(
            {"sources.list": "deb file:/srv/debian bookworm main\n"},
            "file:/srv/debian",
            id="a mirror on disk",
        ),
    ],
)
def test_find(tmp_path: Path, files: dict[str, str], expected: str | None) -> None:
    for name, text in files.items():
        path = tmp_path / "etc/apt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = aptsources.find(str(tmp_path))
    assert (found.uri if found else None) == expected


def test_what_else_is_known(tmp_path: Path) -> None:
    path = tmp_path / "etc/apt/sources.list.d/debian.sources"
    path.parent.mkdir(parents=True)
    path.write_text(_DEB822)
    found = aptsources.find(str(tmp_path))
    assert found
    assert found.suite == "bookworm"
    assert found.signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"
    assert found.security == "http://mirror.test/debian-security"
    assert found.file == str(path)


def test_a_list_of_mirrors(tmp_path: Path) -> None:
    mirrors = tmp_path / "mirrors.txt"
    mirrors.write_text("# first wins\nhttp://near.test/debian/\tpriority:1\nhttp://far.test/debian\n")
    path = tmp_path / "etc/apt/sources.list"
    path.parent.mkdir(parents=True)
    path.write_text(f"deb mirror+file:{mirrors} bookworm main\n")
    found = aptsources.find(str(tmp_path))
    assert found
    assert found.uri == "http://near.test/debian"
