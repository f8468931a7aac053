"""Prints the apt packages that the ELF files below some folders need: the in-image command `find-libdeps`.

It stands in for `ldd` and `dpkg -S` in one go and runs nothing: every ELF file below the folders, whatever
its name, is "loaded" by the rules of loader.py, and each library that is found outside the folders is looked
up in dpkg's database. In the image this file and its neighbours are one file (bundle.py); here it is

    python3 -m tools.elf_scan.find_libdeps --root ROOT /usr/share/python3/app

Runs on Python 3.9 and later with the standard library alone.
"""

from __future__ import annotations

import argparse
import os
import sys

from tools.elf_scan import dpkg
from tools.elf_scan.libdeps_files import elf_files
from tools.elf_scan.libdeps_report import Reason, Report, as_json, as_why, told
from tools.elf_scan.loader import Edge, Loader
from tools.elf_scan.root import Root
from tools.elf_scan.versions import missing_versions

PROGRAM = "find-libdeps"
DRIVER = ("libcuda.so.", "libnvidia-", "libcudadebugger.so.")  # mounted by NVIDIA's container runtime
_EXIT_FOUND_NOTHING_WRONG, _EXIT_UNRESOLVED, _EXIT_USAGE = 0, 1, 2
_NATIVE = ("/usr/bin/dpkg", "/bin/sh")

EPILOG = """\
Libraries below the folders themselves count as present where the loader reaches them. What cannot be found
is told on standard error with the chain that leads to it, and so are symbol versions (GLIBC_2.38) that the
library found lacks; libcuda.so.1 and its like come with the driver and are no error. A file that goes away or
may not be read is told there too, and the others are still looked at. /proc, /sys and /dev are left out
unless DIR lies in them. Other mounted file systems are looked through.

--why prints a line for each file or package that needs something of a package, back to a file below DIR:
  libc6 2.36-9 <- zlib1g 1:1.2.13: libz.so.1 NEEDED libc.so.6 <- /app/a.so NEEDED libz.so.1

exit codes:
  0    the packages are printed, whatever was told on standard error
  1    with --strict: a library or a symbol version was not found; or dpkg's database could not be read
  2    malformed arguments, a DIR that is not there, or a root that is no Debian system
  127  there is no Python on PATH
  130  interrupted with Ctrl-C

example: find-libdeps /usr/share/python3/app > pkgdeps.txt && xargs -ra pkgdeps.txt apt-install
"""


def scan(root: Root, folders: list[str], library_path: str = "") -> Report:
    """Looks through the folders, which are absolute paths inside the root."""
    report = Report()
    loader = Loader(root, library_path)
    native = next(
        (facts for facts in map(loader.facts, filter(None, map(root.real, _NATIVE))) if facts), None
    )
    homes = tuple(real.rstrip("/") + "/" for real in map(root.real, folders) if real is not None)
    loads = _Loads()
    for path, facts in elf_files(root, folders, report.broken):
        report.files += 1
        loads.names.setdefault(os.path.basename(path), path)
        if facts.soname:
            loads.names.setdefault(facts.soname, path)
        foreign = native is not None and (facts.machine, facts.bits) != (native.machine, native.bits)
        if foreign:
            report.foreign.append(path)
        for edge in loader.load(path):
            loads.add(edge, foreign)
    _sort_out_bad(report, loads)
    _name_packages(report, root, homes, loads)
    return report


class _Loads:
    """The edges of all files. A need that is met when one program loads the file is met."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Edge] = {}
        self.lost: dict[tuple[str, str], Edge] = {}
        self.wrong: dict[tuple[str, str], Edge] = {}
        self.names: dict[str, str] = {}
        self.needed_as: dict[tuple[str, str], str] = {}
        self._right: set[tuple[str, str]] = set()

    def add(self, edge: Edge, foreign: bool) -> None:
        """Notes an edge; `foreign` says that the file that was opened is for another machine."""
        key = (edge.needer.real, edge.name)
        if edge.found is not None:
            self.found.setdefault(key, edge)
            self.needed_as.setdefault((edge.needer.real, edge.found.real), edge.name)
            if missing_versions(edge):
                self.wrong.setdefault(key, edge)
            else:
                self._right.add(key)
        elif not foreign:
            self.lost.setdefault(key, edge)

    def bad(self) -> tuple[list[Edge], list[Edge]]:
        """The needs that nothing meets, and those that only libraries without the right versions meet."""
        lost = [edge for key, edge in self.lost.items() if key not in self.found]
        return lost, [edge for key, edge in self.wrong.items() if key not in self._right]


def _sort_out_bad(report: Report, loads: _Loads) -> None:
    lost, wrong = loads.bad()
    for edge in lost:
        entry = (edge.name, edge.needer.chain())
        if edge.name.startswith(DRIVER):
            report.driver.append(entry)
        else:
            report.unresolved.append(entry)
            if edge.name in loads.names:
                report.elsewhere[edge.name] = loads.names[edge.name]
    report.unresolved.sort()
    report.driver.sort()
    for edge in wrong:
        if edge.found is not None:
            report.wrong.append((edge.found.real, missing_versions(edge), edge.needer.chain()))
    report.wrong.sort()


def _name_packages(report: Report, root: Root, homes: tuple[str, ...], loads: _Loads) -> None:
    """Libraries to packages, by the file itself or, failing that, by the link that leads to it."""
    outside = {
        edge.found.real: edge.found
        for edge in reversed(loads.found.values())
        if edge.found is not None and not edge.found.real.startswith(homes)
    }
    owners = dpkg.owners(root, {path for item in outside.values() for path in (item.real, item.path)})
    for item in sorted(outside.values(), key=lambda item: item.real):
        owner = owners.get(item.real) or owners.get(item.path)
        if owner is not None:
            report.owners[item.real] = owner
            report.packages.setdefault(owner, []).append(item.chain())
        else:
            report.unowned.append(item.chain())
    for edge in loads.found.values():
        if edge.found is not None:
            package = report.owners.get(edge.found.real)
            if package is not None and package != report.owners.get(edge.needer.real):
                report.reasons.setdefault(package, []).append(
                    Reason((*edge.needer.chain(), edge.found.real), edge.name)
                )
    report.needed_as = loads.needed_as
    report.versions = dpkg.versions(root, report.packages)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Print the apt packages that the ELF files below DIR need, one a line, sorted.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 when a library or a symbol version was not found"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--why", action="store_true", help="print the packages with their versions and who needs what of them"
    )
    output.add_argument("--json", action="store_true", help="print everything that was found as JSON")
    parser.add_argument("--root", default="/", metavar="ROOT", help="look at the file system in this folder")
    parser.add_argument("folders", nargs="+", metavar="DIR", help="a folder, or a single file")
    options = parser.parse_args(arguments)
    if not options.root or not all(options.folders):
        parser.error("an empty DIR or ROOT names no folder")
    root = Root(options.root)
    inside = options.root != "/"
    folders = [os.path.join("/", name) if inside else os.path.abspath(name) for name in options.folders]
    missing = [folder for folder in folders if root.real(folder) is None]
    if missing:
        print(f"{PROGRAM}: no such folder: {', '.join(missing)}", file=sys.stderr)
        return _EXIT_USAGE
    if not root.names(dpkg.INFO):
        print(f"{PROGRAM}: {dpkg.INFO} is empty: this is no Debian system", file=sys.stderr)
        return _EXIT_USAGE
    report = scan(root, folders, "" if inside else os.environ.get("LD_LIBRARY_PATH", ""))
    for line in told(report):
        print(f"{PROGRAM}: {line}", file=sys.stderr)
    if options.json:
        print(as_json(report))
    elif options.why:
        sys.stdout.write("".join(f"{line}\n" for line in as_why(report)))
    else:
        sys.stdout.write("".join(f"{name}\n" for name in sorted(report.packages)))
    sys.stdout.flush()
    wrong = report.unresolved or report.wrong
    return _EXIT_UNRESOLVED if options.strict and wrong else _EXIT_FOUND_NOTHING_WRONG


def run() -> int:
    """`main`, without a traceback for what is no bug."""
    try:
        return main()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"{PROGRAM}: {error.filename or 'error'}: {error.strerror}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run())
