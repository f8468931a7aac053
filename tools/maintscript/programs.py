"""What programs in maintainer scripts mean for a layer: nothing, a known change, or who knows.

A program is harmless here because it only looks, because it talks to what runs (nothing does), because what
it would make is made elsewhere (ldconfig's cache) or is no part of a layer (byte code), or because it finds
nothing to do in a root where no earlier version was.
"""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tools.deb_version.versions import satisfies
from tools.maintscript import conditions
from tools.maintscript.root import Root

Value = str | None
Arguments = Sequence[Value]


class Unknown:
    """Nobody knows what a program would do."""


Status = bool | None | Unknown


@dataclass(frozen=True)
class Alternative:
    """`update-alternatives --install`, with its slaves as name, link and path."""

    name: str
    link: str
    path: str
    priority: int
    slaves: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Removed:
    """`update-alternatives --remove`; without a path, all choices."""

    name: str
    path: str

    def concerns(self, other: Alternative) -> bool:
        """Whether it takes back what was installed."""
        return self.name == other.name and self.path in ("", other.path)


# They look, and change nothing; what they find is not known.
_LOOKING = frozenset(
    """
    apt-config awk basename cat cmp comm cut date df diff dirname dpkg-architecture dpkg-query du egrep expr
    false fgrep getconf getent getopt grep gawk head id ischroot join ldd locale ls lsb_release mawk md5sum
    od paste pidof ps readlink realpath seq sha1sum sha256sum sort stat systemd-detect-virt tac tail tr tty
    uname uniq wc whoami
    """.split()
)
# Where these words are among its arguments, it does more than look.
_WRITING: Mapping[str, frozenset[str]] = {
    "find": frozenset(
        ("-delete", "-exec", "-execdir", "-ok", "-okdir", "-fprint", "-fprint0", "-fprintf", "-fls")
    ),
    "sort": frozenset(("-o", "--output")),
    "date": frozenset(("-s", "--set")),
}

# Words for people, and settings of the shell itself.
_SAYING = frozenset(("echo", "printf", ":", "true", "umask", "cd", "wait", "sleep", "sync", "hash", "alias"))

# What is not so in a layer, or not the script's to do; see apt/README.md.
_ELSEWHERE = frozenset(
    (
        "ldconfig",  # ld_cache_layer makes the cache for the whole image
        "dpkg-maintscript-helper",  # acts on what an earlier version left
        "dpkg-trigger",  # who is interested is looked at for itself
        "deb-systemd-helper",  # services: an image has no init
        "deb-systemd-invoke",
        "invoke-rc.d",
        "initctl",
        "journalctl",
        "rc-service",
        "rc-update",
        "service",
        "start-stop-daemon",
        "systemctl",
        "telinit",
        "udevadm",
        "update-rc.d",
        "py3compile",  # byte code: images are read-only for Python
        "pycompile",
        "py3clean",
        "pyclean",
        "pypy3compile",
        "pypycompile",
        "update-menus",  # menus of desktops
        "update-initramfs",
    )
)


def status(name: str, arguments: Arguments, root: Root) -> Status:
    """Whether a program succeeds; Unknown when it might change something."""
    handler = _HANDLERS.get(name) or _HANDLERS.get(posixpath.basename(name) if _in_path(name) else "")
    if handler:
        return handler(arguments, root)
    base = posixpath.basename(name) if _in_path(name) else name
    if base in ("true", ":", "echo", "printf"):
        return True
    if base == "false":
        return False
    if base in _SAYING or base in _ELSEWHERE:
        return None
    if any(each is not None and posixpath.basename(each) == "py_compile.py" for each in arguments):
        return None  # byte code: images are read-only for Python
    if base in _LOOKING and not _WRITING.get(base, frozenset()) & set(arguments):
        return None
    return Unknown()


def _in_path(name: str) -> bool:
    return posixpath.dirname(name) in ("/bin", "/sbin", "/usr/bin", "/usr/sbin")


def output(words: Sequence[str], root: Root) -> Value:
    """What a program writes, where that is plain."""
    if list(words) == ["dpkg", "--print-architecture"]:
        return root.arch
    if words[:1] == ["echo"] and len(words) == 2:
        return words[1]
    if words[:1] == ["dpkg-divert"] and len(words) == 3 and words[2] not in root.diversions:
        return {"--listpackage": "", "--truename": words[2]}.get(words[1])
    looks = words[1:] if words[:1] == ["which"] else words[2:] if words[:2] == ["command", "-v"] else []
    return "" if len(looks) == 1 and root.program(looks[0]) is False else None


def alternative(arguments: Arguments) -> Alternative | Removed | Unknown | None:
    """What `update-alternatives` is asked for; None when it only looks."""
    words = [word for word in arguments if word not in ("--quiet", "--verbose", "--force")]
    known = [word for word in words if word is not None]
    if len(known) != len(words) or not known:
        return Unknown()
    if known[0] in ("--list", "--display", "--query", "--get-selections"):
        return None
    if known[0] in ("--remove", "--remove-all") and len(known) >= 2:
        return Removed(known[1], known[2] if known[0] == "--remove" and len(known) == 3 else "")
    if known[0] != "--install" or len(known) < 5 or not known[4].lstrip("-").isdigit():
        return Unknown()
    slaves, rest = [], known[5:]
    while rest:
        if rest[0] not in ("--slave", "--follower") or len(rest) < 4:
            return Unknown()
        slaves.append((rest[2], rest[1], rest[3]))
        rest = rest[4:]
    return Alternative(known[2], known[1], known[3], int(known[4]), tuple(slaves))


_DPKG_LOOKS = (
    *("-s", "-l", "-L", "-S", "-p", "--status", "--list", "--search", "--print-", "--get-selections"),
    *("--assert-", "--validate-", "--version"),
)


def _dpkg(arguments: Arguments, root: Root) -> Status:
    if arguments[:1] == ["--compare-versions"]:
        return _compare(arguments[1:])
    return None if arguments and (arguments[0] or "").startswith(_DPKG_LOOKS) else Unknown()


def _compare(arguments: Arguments) -> Status:
    """dpkg's order, in which no version is before all others, or behind them for the words in -nl."""
    if len(arguments) != 3:
        return None
    mine, word, other = arguments
    if mine is None or word is None:
        return None
    words = {"lt": "<<", "le": "<=", "eq": "=", "ge": ">=", "gt": ">>", "ne": "!="}
    operator = words.get(word.removesuffix("-nl"), word)
    if not mine:
        if other == "":
            return operator in ("<=", "=", ">=", "<", ">")
        later = word.endswith("-nl")
        return operator == "!=" or operator in ((">>", ">=", ">") if later else ("<<", "<=", "<"))
    if other is None or operator not in ("<<", "<=", "=", ">=", ">>", "<", ">") or not other:
        return None
    return satisfies(mine, operator, other)


def _bracket(arguments: Arguments, root: Root) -> Status:
    return conditions.test(arguments[:-1], root) if arguments[-1:] == ["]"] else Unknown()


def _command(arguments: Arguments, root: Root) -> Status:
    names = [each for each in arguments if each not in ("-v", "-V", "-a", "-s")]
    if len(names) == len(arguments) or len(names) != 1 or names[0] is None:
        return Unknown() if len(names) == len(arguments) else None
    return root.program(names[0])


def _which(arguments: Arguments, root: Root) -> Status:
    names = [each for each in arguments if each != "-s"]
    return root.program(names[0]) if len(names) == 1 and names[0] is not None else None


def _sed(arguments: Arguments, root: Root) -> Status:
    """Nothing, unless it edits files in their place."""
    options = [each for each in arguments if each is None or each.startswith("-")]
    edits = any(
        each is None or each.startswith(("-i", "--in-place", "-ri", "-Ei", "-ni")) for each in options
    )
    return Unknown() if edits else None


def _remove(arguments: Arguments, root: Root) -> Status:
    """Nothing, when what should go is not there."""
    paths = [each for each in arguments if each is None or not each.startswith("-")]
    return None if all(each is not None and root.kind(each) == "" for each in paths) else Unknown()


def _find(arguments: Arguments, root: Root) -> Status:
    """Nothing, when it only looks, or there is nothing to find."""
    start = next(
        (number for number, each in enumerate(arguments) if each and each[0] in "-!("), len(arguments)
    )
    paths = arguments[:start]
    nothing = paths and all(each is not None and root.kind(each) == "" for each in paths)
    return None if nothing or not _WRITING["find"] & set(arguments) else Unknown()


def _make(arguments: Arguments, root: Root) -> Status:
    """Nothing, when the directories are there and stay as they are."""
    options = [each for each in arguments if each is not None and each.startswith("-")]
    paths = [each for each in arguments if each is None or not each.startswith("-")]
    there = paths and all(each is not None and root.kind(each) == "directory" for each in paths)
    return None if there and set(options) <= {"-p", "--parents", "-d"} else Unknown()


def _install(arguments: Arguments, root: Root) -> Status:
    return _make(arguments, root) if arguments[:1] == ["-d"] else Unknown()


def _divert(arguments: Arguments, root: Root) -> Status:
    """Nothing, when it looks, or takes back what is not diverted."""
    if {"--list", "--listpackage", "--truename"} & set(arguments):
        return None
    paths = [each for each in arguments if each is not None and each.startswith("/")]
    known = None not in arguments and not set(paths) & set(root.diversions)
    return None if "--remove" in arguments and known else Unknown()


def _override(arguments: Arguments, root: Root) -> Status:
    if "--list" not in arguments:
        return Unknown()
    return False if not root.overrides else None


def _trap(arguments: Arguments, root: Root) -> Status:
    return None if arguments[:1] in ([], ["-"], [""]) else Unknown()


_HANDLERS: Mapping[str, Callable[[Arguments, Root], Status]] = {
    "[": _bracket,
    "command": _command,
    "dpkg": _dpkg,
    "dpkg-divert": _divert,
    "dpkg-statoverride": _override,
    "find": _find,
    "install": _install,
    "mkdir": _make,
    "rm": _remove,
    "rmdir": _remove,
    "sed": _sed,
    "test": conditions.test,
    "trap": _trap,
    "type": _command,
    "which": _which,
}
