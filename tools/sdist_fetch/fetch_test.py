"""Source distributions are found as pip finds files: on indexes and in folders, by hash, or with a reason."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_TOOL = Path(__file__).absolute().parent
_DATA = b"a source distribution"
_HASH = hashlib.sha256(_DATA).hexdigest()
_OTHER = "0" * 64


@dataclass
class Server:
    """Pages by path; a page is its type and its content. With a login, nothing is given to others."""

    url: str
    pages: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    login: str = ""


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = server.pages.get(self.path, ("", b""))
            given = self.headers.get("Authorization", "")
            allowed = "Basic " + base64.b64encode(server.login.encode()).decode()
            self.send_response(401 if server.login and given != allowed else 200 if kind else 404)
            self.send_header("Content-Type", kind or "text/plain")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server = Server(f"http://127.0.0.1:{listening.server_port}")
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield server
        listening.shutdown()


@dataclass(frozen=True)
class Fetched:
    """How it ended."""

    code: int
    printed: str
    error: str
    files: Mapping[str, bytes]


def fetch(
    folder: Path,
    name: str = "Some.Pkg",
    hashes: tuple[str, ...] = (_HASH,),
    options: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    **pip: str,
) -> Fetched:
    """Runs the tool as the repository rule does; `options` are lines of the lock, `pip` settings of pip's."""
    out = folder / "out"
    out.mkdir()
    request = {
        "folder": str(folder / "locks"),
        "hashes": hashes,
        "name": name,
        "options": options,
        "refresh": "./lock app",
        "version": "1.0",
        "where": "app.txt:3",
    }
    env = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")} | dict(env or {})
    env |= {"PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1", "NETRC": str(folder / "netrc")}
    env |= {f"PIP_{key.upper()}": value for key, value in pip.items()}
    line = [sys.executable, "-BIS", str(_TOOL), json.dumps(request)]
    done = subprocess.run(line, cwd=out, env=env, capture_output=True, text=True)
    return Fetched(
        done.returncode, done.stdout, done.stderr, {path.name: path.read_bytes() for path in out.iterdir()}
    )


def html(*hrefs: str) -> tuple[str, bytes]:
    return "text/html", "".join(f'<a href="{href}">x</a>' for href in hrefs).encode()


def js(*files: tuple[str, str]) -> tuple[str, bytes]:
    content = {"files": [{"url": url, "hashes": {"sha256": digest}} for url, digest in files]}
    return "application/vnd.pypi.simple.v1+json", json.dumps(content).encode()


_FILE = ("application/octet-stream", _DATA)
_PAGES: dict[str, dict[str, tuple[str, bytes]]] = {
    "html with hashes": {
        "/simple/some-pkg/": html(
            "../../f/some_pkg-1.0-py3-none-any.whl#sha256=" + _HASH,
            "../../f/some_pkg-1.0.1.tar.gz#sha256=" + _HASH,
            f"../../f/some_pkg-1.0.tar.gz#sha256={_HASH}",
        ),
        "/f/some_pkg-1.0.tar.gz": _FILE,
    },
    "html without hashes": {"/simple/some-pkg/": html("/f/Some.Pkg-1.0.zip"), "/f/Some.Pkg-1.0.zip": _FILE},
    "json": {"/simple/some-pkg/": js(("/f/some-pkg-1.0.tar.gz", _HASH)), "/f/some-pkg-1.0.tar.gz": _FILE},
    "a base": {
        "/simple/some-pkg/": ("text/html", b'<base href="/else/"><a href="some_pkg-1.0.tar.gz">x</a>'),
        "/else/some_pkg-1.0.tar.gz": _FILE,
    },
    "another file of that version first": {
        "/simple/some-pkg/": js(("/f/some_pkg-1.0.zip", _OTHER), ("/f/some_pkg-1.0.tar.gz", _HASH)),
        "/f/some_pkg-1.0.tar.gz": _FILE,
    },
}


@pytest.mark.parametrize("case", _PAGES)
def test_indexes(case: str, server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES[case]
    fetched = fetch(tmp_path, index_url=f"{server.url}/simple")
    assert (fetched.code, fetched.error) == (0, "")
    end = ".zip" if case == "html without hashes" else ".tar.gz"
    assert json.loads(fetched.printed) == {"file": f"some_pkg-1.0{end}"}
    assert fetched.files == {f"some_pkg-1.0{end}": _DATA}


def test_the_password_of_an_index_is_used_and_not_shown(server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES["json"]
    server.login = "me:se cret"
    index = server.url.replace("://", "://me:se%20cret@") + "/simple"
    # The link to the file has none of it; pip sends it there as well.
    server.pages = {
        "/simple/some-pkg/": js((index.replace("/simple", "/f/some_pkg-1.0.tar.gz"), _HASH)),
        "/f/some_pkg-1.0.tar.gz": _FILE,
    }
    assert fetch(tmp_path, index_url=index).code == 0
    (tmp_path / "wrong").mkdir()
    refused = fetch(tmp_path / "wrong", index_url=index.replace("se%20cret", "guess"))
    assert "the package index can't be reached" in refused.error
    assert "HTTP status 401" in refused.error
    assert "guess" not in refused.error


def test_the_password_may_be_in_netrc(server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES["json"]
    server.login = "me:secret"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    assert fetch(tmp_path, index_url=f"{server.url}/simple").code == 0


def test_folders_and_files_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/some_pkg-1.0.tar.gz").write_bytes(_DATA)
    assert fetch(tmp_path, no_index="1", find_links=str(tmp_path / "links")).code == 0
    (tmp_path / "index/some-pkg").mkdir(parents=True)
    (tmp_path / "index/some-pkg/index.html").write_bytes(html("../../links/some_pkg-1.0.tar.gz")[1])
    (tmp_path / "2").mkdir()
    assert fetch(tmp_path / "2", index_url=(tmp_path / "index").as_uri()).code == 0


def test_an_extra_index_is_asked_too(server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES["json"]
    nothing, simple = f"{server.url}/nothing", f"{server.url}/simple"
    assert fetch(tmp_path, index_url=nothing, extra_index_url=simple).code == 0


@pytest.mark.parametrize(
    "option",
    [
        "--extra-index-url {url}/simple",
        "--extra-index-url={url}/simple/",
        "--extra-index-url ${{URL}}/simple",
        "--index-url '{url}/simple'",
        "-i {url}/simple",
        "-i{url}/simple",
        "--find-links {url}/simple/some-pkg/",
        "-f {url}/simple/some-pkg/",
    ],
)
def test_an_index_that_the_lock_names(option: str, server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES["json"]
    fetched = fetch(
        tmp_path,
        options=("--require-hashes", option.format(url=server.url)),
        env={"URL": server.url},
        index_url=f"{server.url}/nothing",
    )
    assert (fetched.code, fetched.error) == (0, "")


def test_folders_that_the_lock_names_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links/some_pkg-1.0.tar.gz").write_bytes(_DATA)
    for number, link in enumerate(("../links", "${LINKS}", f"'{tmp_path}/links'")):
        place = tmp_path / str(number)
        (place / "locks").mkdir(parents=True)
        (place / "links").symlink_to(tmp_path / "links")
        options, env = (f"--find-links {link}",), {"LINKS": "../links"}
        assert fetch(place, options=options, env=env, no_index="1").code == 0


def test_an_extra_index_of_pip_is_asked_beside_those_of_the_lock(server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES["json"]
    nothing, simple = f"{server.url}/nothing", f"{server.url}/simple"
    options = (f"--index-url {nothing}", f"--extra-index-url {nothing}")
    assert fetch(tmp_path, options=options, index_url=nothing, extra_index_url=simple).code == 0


@pytest.mark.parametrize(
    ("option", "problem", "remedy"),
    [
        (
            "--index-url https://me:secret@${NO_HOST}/simple",
            "`--index-url https://${NO_HOST}/simple` wants the variable NO_HOST, which is not set",
            "set it: export NO_HOST=...",
        ),
        (
            "--find-links 'links",
            "`--find-links 'links` can't be understood: No closing quotation",
            "if the change is meant, refresh the lock: ./lock app",
        ),
    ],
)
def test_an_option_of_the_lock_that_makes_no_sense(
    option: str, problem: str, remedy: str, tmp_path: Path
) -> None:
    fetched = fetch(tmp_path, options=(option,), no_index="1")
    assert (fetched.code, fetched.files) == (1, {})
    assert fetched.error == f"app.txt:3: Some.Pkg==1.0: {problem}\n  {remedy}\n"


def test_a_hash_that_differs_shows_both(server: Server, tmp_path: Path) -> None:
    server.pages = _PAGES["json"]
    fetched = fetch(tmp_path, hashes=(_OTHER,), index_url=f"{server.url}/simple")
    assert (fetched.code, fetched.printed, fetched.files) == (1, "", {})
    assert fetched.error == (
        "app.txt:3: Some.Pkg==1.0: its source distribution is not a locked one\n"
        f"    expected sha256:{_OTHER}\n"
        f"    got      sha256:{_HASH}\n"
        "  if the change is meant, refresh the lock: ./lock app\n"
    )


@pytest.mark.parametrize("page", [js(("/f/some_pkg-1.0.tar.gz", _HASH)), html("/f/some_pkg-1.0.tar.gz")])
def test_a_file_that_is_not_what_its_page_says(
    page: tuple[str, bytes], server: Server, tmp_path: Path
) -> None:
    server.pages = {"/simple/some-pkg/": page, "/f/some_pkg-1.0.tar.gz": ("x/y", b"changed")}
    fetched = fetch(tmp_path, index_url=f"{server.url}/simple")
    assert (fetched.code, fetched.files) == (1, {})
    assert f"got      sha256:{hashlib.sha256(b'changed').hexdigest()}" in fetched.error


def test_no_source_distribution(server: Server, tmp_path: Path) -> None:
    server.pages = {
        "/simple/some-pkg/": html("some_pkg-1.0-py3-none-any.whl", "some_pkg-2.0.tar.gz", "pkg-1.0.zip")
    }
    fetched = fetch(tmp_path, index_url=f"{server.url}/simple")
    assert (fetched.code, fetched.files) == (1, {})
    assert fetched.error.startswith(
        "app.txt:3: Some.Pkg==1.0: there is no source distribution of it on the index"
    )
    assert len(fetched.error.splitlines()) == 2


def test_an_index_that_is_not_there(tmp_path: Path) -> None:
    fetched = fetch(tmp_path, index_url="http://me:secret@127.0.0.1:9/simple")
    assert (fetched.code, fetched.files) == (1, {})
    assert fetched.error.startswith("app.txt:3: Some.Pkg==1.0: the package index can't be reached\n")
    assert "http://127.0.0.1:9/simple/some-pkg/: " in fetched.error
    assert "Connection refused" in fetched.error
    assert "secret" not in fetched.error
    assert "pip config list" in fetched.error


@pytest.mark.parametrize(("setting", "shown"), [("PIP_CERT", "cert"), ("PIP_CLIENT_CERT", "client-cert")])
@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_a_certificate_file_that_is_none(
    setting: str, shown: str, content: str | None, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    fetched = fetch(tmp_path, env={setting: str(file)}, index_url=f"{server.url}/simple")
    assert (fetched.code, fetched.files) == (1, {})
    assert f"the certificate file {file} (pip's {shown}): " in fetched.error
    assert content is not None or "No such file or directory" in fetched.error
    assert "pip config list" in fetched.error


def test_a_file_that_its_page_names_and_nobody_has(server: Server, tmp_path: Path) -> None:
    server.pages = {"/simple/some-pkg/": js(("/f/some_pkg-1.0.tar.gz", _HASH))}
    fetched = fetch(tmp_path, index_url=f"{server.url}/simple")
    assert (fetched.code, fetched.files) == (1, {})
    assert f"{server.url}/f/some_pkg-1.0.tar.gz: HTTP status 404" in fetched.error
