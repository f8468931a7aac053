"""What is read off maintainer scripts: alternatives, nothing to do, and lines that nobody can explain."""

from __future__ import annotations

import pytest

from tools.maintscript.evaluate import Outcome, evaluate
from tools.maintscript.programs import Alternative
from tools.maintscript.root import Root

# What the root of these tests has.
KINDS = {
    "usr/bin/tool": "file",
    "usr/lib/there": "directory",
    "usr/lib/link": "symlink",
    "usr/lib/below": "something",
    "usr/lib/open": "?",
}
ROOT = Root("amd64", lambda path: KINDS.get(path, ""), lambda path: path.lstrip("/"), {"/usr/bin/old"})


def run(body: str, *arguments: str, head: str = "#!/bin/sh") -> Outcome:
    """What a script of these lines does when a package is configured for the first time."""
    variables = {"DPKG_MAINTSCRIPT_ARCH": "amd64", "DPKG_ROOT": "", "PATH": "/usr/sbin:/usr/bin"}
    return evaluate(f"{head}\n{body}\n", arguments or ("configure", ""), ROOT, variables)


def unexplained(body: str, *arguments: str) -> list[str]:
    """The lines without their numbers."""
    return [line.split(": ", 1)[1] for line in run(body, *arguments).unexplained]


CHANGE = "chmod 4755 /usr/bin/tool"
INSTALL = "update-alternatives --install /usr/lib/l l /usr/lib/l.1 10"

SYSTEMD = """\
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] || [ "$1" = "abort-remove" ] ; then
	# was-enabled defaults to true, so new installations run enable.
	if deb-systemd-helper --quiet was-enabled 'x.service'; then
		deb-systemd-helper enable 'x.service' >/dev/null || true
	else
		deb-systemd-helper update-state 'x.service' >/dev/null || true
	fi
fi
"""
PATHFIND = """\
pathfind() {
    OLDIFS="$IFS"
    IFS=:
    for p in $PATH; do
        if [ -x "$p/$*" ]; then
            IFS="$OLDIFS"
            return 0
        fi
    done
    IFS="$OLDIFS"
    return 1
}"""
SKELETON = """\
case "$1" in
    configure)
    ;;
    abort-upgrade|abort-*)
        exit 1
    ;;
    *)
        echo "postinst called with unknown argument \\`$1'" >&2
        exit 1
    ;;
esac
"""


@pytest.mark.parametrize(
    "body",
    [
        "set -e\n# nothing\nexit 0",
        "ldconfig",
        'if [ "$1" = configure ]; then ldconfig; fi',
        # debhelper
        'dpkg-maintscript-helper rm_conffile /etc/x 1.2\\~ -- "$@"',
        "if command -v py3compile >/dev/null 2>&1; then\n\tpy3compile -p x\nfi",
        SYSTEMD,
        'if [ -x "/etc/init.d/x" ]; then update-rc.d x defaults >/dev/null; invoke-rc.d x start; fi',
        'if [ -x "$(command -v systemd-tmpfiles)" ]; then\n\tsystemd-tmpfiles --create x.conf || true\nfi',
        # skeletons
        SKELETON,
        # upgrades
        f'if [ "$1" = configure ] && [ -n "$2" ]; then {CHANGE}; fi',
        f'if [ "$1" = configure -a -n "$2" ] && dpkg --compare-versions "$2" lt 2; then {CHANGE}; fi',
        f'if dpkg --compare-versions "$2" lt-nl 2; then {CHANGE}; fi',
        f'if dpkg --compare-versions "$2" gt 2; then {CHANGE}; fi',
        f'old=$2\ntest -z "$old" || {CHANGE}',
        f'[ "$1" = upgrade ] || exit 0\n{CHANGE}',
        f'upgrade() {{\n  test -n "$1" || return 0\n  {CHANGE}\n}}\nupgrade "$2"',
        # what is there, and what is not
        f"[ -e /usr/bin/tool ] || {CHANGE}",
        f"if [ -d /usr/lib/gone ]; then {CHANGE}; fi",
        f"[ -L /usr/lib/link ] || {CHANGE}",
        f"if which gone >/dev/null; then {CHANGE}; fi",
        f"for x in /usr/lib/gone/*; do [ -e $x ] || continue; {CHANGE}; done",
        f"for x in a b; do case $x in c) {CHANGE};; esac; done",
        "rm -f /usr/lib/gone /var/cache/gone",
        "rm -f /usr/lib/gone/*.cache",
        "mkdir -p /usr/lib/there",
        "find /usr/lib/gone -name x -delete",
        "dpkg-divert --package x --remove --rename /usr/bin/never",
        f'if [ "$(dpkg-divert --listpackage /usr/bin/never)" = x ]; then {CHANGE}; fi',
        "update-alternatives --remove l /usr/lib/l.1",
        "cat <<EOF\n$(date)\nEOF".replace("$(date)", "nothing to run"),
        "x=`sed -n 's/a/b/p' /etc/x | head -n 1` 2>/dev/null",
        "python3.11 -E -S /usr/lib/python3.11/py_compile.py $files",
    ],
)
def test_nothing_to_do(body: str) -> None:
    assert run(body) == Outcome((), ())


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (CHANGE, [CHANGE]),
        (f"true\n\n{CHANGE}\nldconfig", [CHANGE]),
        (f'if dpkg --compare-versions "$2" lt 2; then\n{CHANGE}\nfi', [CHANGE]),
        # either way may be taken
        (f"if [ -e /usr/lib/open ]; then\n{CHANGE}\nfi", [CHANGE]),
        (f"if [ ! -e /usr/lib/open ]; then\n{CHANGE}\nfi", [CHANGE]),
        (f"if grep -q x /etc/x; then\ntrue\nelse\n{CHANGE}\nfi", [CHANGE]),
        (f"grep -q x /etc/x && exit 0\n{CHANGE}", [CHANGE]),
        (f"for x in $(ls /etc); do\n{CHANGE}\ndone", [CHANGE]),
        (f"case $(uname) in\nLinux)\n{CHANGE}\n;;\nesac", [CHANGE]),
        (f"while read x; do\n{CHANGE}\ndone < /etc/x", [CHANGE]),
        (f"[ -h /usr/lib/below ] ||\n{CHANGE}", [CHANGE]),
        # what the first round of a loop does not come to
        (f"n=0\nwhile read x; do\nif [ $n = 1 ]; then\n{CHANGE}\nfi\nn=1\ndone < /etc/x", [CHANGE]),
        (f'a=\nb=\nfor x in $(ls); do\n[ -z "$b" ] ||\n{CHANGE}\nb=$a\na=x\ndone', [CHANGE]),
        (f'set -- $(ls)\nif [ -n "$2" ]; then\n{CHANGE}\nfi', [CHANGE]),
        (f"set -- $(ls)\nif [ $# -gt 1 ]; then\n{CHANGE}\nfi", [CHANGE]),
        ("if grep -q x /etc/x; then\nshift\nfi", ["shift"]),
        (f"{PATHFIND}\nif pathfind tool; then\n{CHANGE}\nfi", [CHANGE]),
        (f'f() {{ x=1; }}\nx=\n! f\n[ -z "$x" ] ||\n{CHANGE}', [CHANGE]),
        (f'f() {{\ngrep -q x /etc/x && return 0\nx=1\n}}\nx=\nf\n[ -n "$x" ] ||\n{CHANGE}', [CHANGE]),
        # installed, but perhaps not
        (f"if grep -q x /etc/x; then\n{INSTALL}\nfi", [INSTALL]),
        (f"grep -q x /etc/x && exit 0\n{INSTALL}", [INSTALL]),
        (
            f"{INSTALL}\nupdate-alternatives --remove l /usr/lib/l.1",
            ["update-alternatives --remove l /usr/lib/l.1"],
        ),
        ("update-alternatives --set l /usr/lib/l.1", ["update-alternatives --set l /usr/lib/l.1"]),
        (
            "update-alternatives --install $x l /usr/lib/l.1 ten",
            ["update-alternatives --install $x l /usr/lib/l.1 ten"],
        ),
        # changes of every kind
        ("echo x > /etc/x", ["echo x > /etc/x"]),
        ("x=$(touch /etc/x)", ["x=$(touch /etc/x)"]),
        ("f() {\ntouch /etc/x\n}\nf", ["touch /etc/x"]),
        ("(cd /etc\ntouch x)", ["touch x)"]),
        (". /usr/share/debconf/confmodule\ndb_get x/y", [". /usr/share/debconf/confmodule", "db_get x/y"]),
        ("rm -f /usr/bin/tool", ["rm -f /usr/bin/tool"]),
        ("rm -rf /usr/lib/there/*", ["rm -rf /usr/lib/there/*"]),
        ("mkdir -p /usr/lib/gone", ["mkdir -p /usr/lib/gone"]),
        ("mkdir -p -m 700 /usr/lib/there", ["mkdir -p -m 700 /usr/lib/there"]),
        ("find /usr/lib/there -delete", ["find /usr/lib/there -delete"]),
        ("sed -i s/a/b/ /etc/x", ["sed -i s/a/b/ /etc/x"]),
        ("dpkg-divert --remove /usr/bin/old", ["dpkg-divert --remove /usr/bin/old"]),
        ('eval "$x"', ['eval "$x"']),
        ('"$x" --all', ['"$x" --all']),
        # not understood
        ("if true; then", ["if true; then"]),
        ('echo "x', ['echo "x']),
        ("done", ["done"]),
        ("cat <<EOF\n`touch /etc/x`\nEOF", ["`touch /etc/x`"]),
    ],
)
def test_what_changes_something_is_named(body: str, lines: list[str]) -> None:
    assert unexplained(body) == lines


@pytest.mark.parametrize(
    "head", ["#!/usr/bin/perl -w", "#!/usr/bin/python3", "", "(a program, and no script)"]
)
def test_other_languages_are_not_read(head: str) -> None:
    assert run("exit 0", head=head).unexplained == (f"1: {head or '(it is empty)'}",)


@pytest.mark.parametrize(
    "head", ["#! /bin/sh -e", "#!/bin/sh ", "#!/bin/bash", "#!/usr/bin/dash", "#!/bin/sh -eu"]
)
def test_shells_are(head: str) -> None:
    assert run("exit 0", head=head) == Outcome((), ())


@pytest.mark.parametrize(
    "body",
    [
        "u --install /usr/lib/l \\\n  l \\\n\t/usr/lib/l.1 10 --slave /usr/lib/s s /usr/lib/s.1",
        "u --quiet --install /usr/lib/l l /usr/lib/l.1 10 --slave /usr/lib/s s /usr/lib/s.1",
        'd=/usr/lib\nu --install "$d/l" l ${d}/l.1 10 --slave $d/s s $d/s.1',
        'for n in l;do u --install /usr/lib/$n $n /usr/lib/$n.1 "10" --slave /usr/lib/s s /usr/lib/s.1; done',
        "case $1 in con*) u --install /usr/lib/l l /usr/lib/l.1 10 --slave /usr/lib/s s /usr/lib/s.1; esac",
        "true && u --install /usr/lib/l l /usr/lib/l.1 10 --slave /usr/lib/s s /usr/lib/s.1 || exit 1",
        'f() { u --install "$1/l" l $1/l.1 ${2:-10} --slave $1/s s $1/s.1; }\nf /usr/lib',
        "u --install ${DPKG_ROOT:+/x}/usr/lib/l l /usr/lib/l.1 10 --slave /usr/lib/s s /usr/lib/s.1",
    ],
)
def test_alternatives_are_found_in_what_a_shell_makes_of_words(body: str) -> None:
    slaves = (("s", "/usr/lib/s", "/usr/lib/s.1"),)
    body = body.replace("u --", "update-alternatives --")
    assert run(body) == Outcome((Alternative("l", "/usr/lib/l", "/usr/lib/l.1", 10, slaves),), ())


def test_a_trigger_is_another_call() -> None:
    body = f'if [ "$1" = triggered ]; then\nfor each in $2; do\n{CHANGE}\ndone\nfi'
    assert unexplained(body) == []
    assert unexplained(body, "triggered", "/usr/share/x /usr/share/y") == [CHANGE]


def test_words_of_functions_are_their_own() -> None:
    function = 'f() { [ "$1" = x ] || return 1; }\n'
    assert unexplained(f"{function}if f y; then {CHANGE}; fi") == []
    assert unexplained(f'{function}f x\n[ "$1" = configure ] || {CHANGE}') == []


def test_a_function_that_calls_itself_ends() -> None:
    assert unexplained("f() { f; }\nf") == ["f() { f; }"]
