"""Prints the apt packages that the ELF files below some folders need: the in-image command `find-libdeps`.

It stands in for `ldd` and `dpkg -S` in one go and runs nothing: every ELF file below the folders, whatever
its name, is "loaded" by the rules of loader.py, and each library that is found outside the folders is looked
up in dpkg's database. In the image this file and its neighbours are one file (bundle.py); here it is

    python3 -m tools.elf_scan.find_libdeps --root ROOT /usr/share/python3/app

Runs on Python 3.9 and later with the standard library alone.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.elf_scan import dpkg, elf
from tools.elf_scan.loader import Edge, Loaded, Loader
from tools.elf_scan.root import Root

PROGRAM = "find-libdeps"
FORMAT = 1
DRIVER = ("libcuda.so.", "libnvidia-", "libcudadebugger.so.")  # mounted by NVIDIA's container runtime
_EXIT_FOUND_NOTHING_WRONG, _EXIT_UNRESOLVED, _EXIT_USAGE = 0, 1, 2
_NATIVE = ("/usr/bin/dpkg", "/bin/sh")
_KERNEL = ("/proc", "/sys", "/dev")  # what is there is made up on the spot, comes and goes, and is no library

EPILOG = """\
Libraries below the folders themselves count as present where the loader reaches them. What cannot be found is
told on standard error with the chain that leads to it; libcuda.so.1 and its like come with the driver and are
no error. A file that goes away or may not be read is told there too, and the others are still looked at.
/proc, /sys and /dev are left out unless DIR lies in them. Other mounted file systems are looked through.

exit codes:
  0    the packages are printed, whatever was told on standard error
  1    with --strict: a library was not found; or dpkg's database could not be read
  2    malformed arguments, a DIR that is not there, or a root that is no Debian system
  127  there is no Python on PATH
  130  interrupted with Ctrl-C

example: find-libdeps /usr/share/python3/app > pkgdeps.txt && xargs -ra pkgdeps.txt apt-install
"""


@dataclass
class Report:
    """What was found. A chain goes from a file below the folders to the library, or to what lacks it."""

    files: int = 0
    packages: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    unresolved: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    driver: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unowned: list[tuple[str, ...]] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)


def scan(root: Root, folders: list[str], library_path: str = "") -> Report:
    """Looks through the folders, which are absolute paths inside the root."""
    report = Report()
    loader = Loader(root, library_path)
    native = next(
        (facts for facts in map(loader.facts, filter(None, map(root.real, _NATIVE))) if facts), None
    )
    homes = tuple(real.rstrip("/") + "/" for real in map(root.real, folders) if real is not None)
    found: dict[tuple[str, str], Edge] = {}
    lost: dict[tuple[str, str], Edge] = {}
    names: dict[str, str] = {}
    for path, facts in _elf_files(root, folders, report):
        report.files += 1
        names.setdefault(os.path.basename(path), path)
        if facts.soname:
            names.setdefault(facts.soname, path)
        foreign = native is not None and (facts.machine, facts.bits) != (native.machine, native.bits)
        if foreign:
            report.foreign.append(path)
        for edge in loader.load(path):
            key = (edge.needer.real, edge.name)
            if edge.found is not None:
                found.setdefault(key, edge)
            elif not foreign:
                lost.setdefault(key, edge)
    _sort_out_lost(report, [edge for key, edge in lost.items() if key not in found], names)
    outside: dict[str, Loaded] = {}
    for edge in found.values():
        if edge.found is not None and not edge.found.real.startswith(homes):
            outside.setdefault(edge.found.real, edge.found)
    _name_packages(report, root, outside)
    return report


def _elf_files(root: Root, folders: list[str], report: Report) -> Iterator[tuple[str, elf.Elf]]:
    """The loadable files, sorted by path. Links are left out: their targets are met themselves."""
    for path in _files(root, folders, report):
        try:
            facts = elf.read_path(root.host(path))
        except elf.NotElfError:
            continue
        except elf.UnreadableError as error:
            report.broken.append((path, f"cannot be read: {error}"))
            continue
        except elf.ElfError as error:
            report.broken.append((path, f"not readable as ELF: {error}"))
            continue
        if facts.loadable:
            yield path, facts


def _files(root: Root, folders: list[str], report: Report) -> Iterator[str]:
    """Every regular file that has content, once. One that is gone or forbidden is reported, not raised."""
    seen: set[str] = set()
    for folder in folders:
        start = root.real(folder)
        for path in _below(root, start, report) if start is not None else ():
            if path not in seen:
                seen.add(path)
                yield path


def _below(root: Root, start: str, report: Report) -> Iterator[str]:
    """The regular files with content at and below a path, in the order of their names."""
    waiting = [start]
    while waiting:
        path = waiting.pop()
        try:
            facts = os.lstat(root.host(path))
            names = os.listdir(root.host(path)) if stat.S_ISDIR(facts.st_mode) else []
        except OSError as error:
            report.broken.append((path, f"cannot be read: {error.strerror}"))
            continue
        inside = (os.path.join(path, name) for name in sorted(names, reverse=True))
        waiting += [path for path in inside if path not in _KERNEL]
        if stat.S_ISREG(facts.st_mode) and facts.st_size:
            yield path


def _sort_out_lost(report: Report, lost: list[Edge], names: dict[str, str]) -> None:
    for edge in lost:
        entry = (edge.name, edge.needer.chain())
        if edge.name.startswith(DRIVER):
            report.driver.append(entry)
        else:
            report.unresolved.append(entry)
            if edge.name in names:
                report.elsewhere[edge.name] = names[edge.name]
    report.unresolved.sort()
    report.driver.sort()


def _name_packages(report: Report, root: Root, outside: dict[str, Loaded]) -> None:
    """Libraries to packages, by the file itself or, failing that, by the link that leads to it."""
    owners = dpkg.owners(root, {path for item in outside.values() for path in (item.real, item.path)})
    for item in sorted(outside.values(), key=lambda item: item.real):
        owner = owners.get(item.real) or owners.get(item.path)
        if owner is not None:
            report.packages.setdefault(owner, []).append(item.chain())
        else:
            report.unowned.append(item.chain())


def _told(report: Report) -> Iterator[str]:
    """What goes to standard error."""
    for path, problem in report.broken:
        yield f"{path}: {problem}"
    for name, chain in report.unresolved:
        hint = ""
        if name in report.elsewhere:
            hint = f" ({report.elsewhere[name]} has that name, but the loader doesn't look there)"
        yield f"{name}: not found, needed by {' <- '.join(reversed(chain))}{hint}"
    for name, chain in report.driver:
        yield f"{name}: comes with the NVIDIA driver, needed by {' <- '.join(reversed(chain))}"
    for chain in report.unowned:
        yield f"{chain[-1]}: belongs to no package, needed by {' <- '.join(reversed(chain[:-1]))}"
    if report.foreign:
        yield f"{len(report.foreign)} files are for another machine, such as {report.foreign[0]}"


def _as_json(report: Report) -> str:
    data = {
        "version": FORMAT,
        "files": report.files,
        "packages": report.packages,
        "unresolved": [{"name": name, "chain": chain} for name, chain in report.unresolved],
        "driver": [{"name": name, "chain": chain} for name, chain in report.driver],
        "unowned": report.unowned,
        "foreign": report.foreign,
        "broken": [{"file": path, "problem": problem} for path, problem in report.broken],
    }
    return json.dumps(data, indent=2, sort_keys=True)


def _as_why(report: Report) -> str:
    return "\n".join(
        f"{name}: {' <- '.join(reversed(chain))}"
        for name, chains in sorted(report.packages.items())
        for chain in chains
    )


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Print the apt packages that the ELF files below DIR need, one a line, sorted.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a library was not found")
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--why", action="store_true", help="print each package with the libraries that need it"
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
    for line in _told(report):
        print(f"{PROGRAM}: {line}", file=sys.stderr)
    if options.json:
        print(_as_json(report))
    elif options.why:
        sys.stdout.write(_as_why(report) + "\n" if report.packages else "")
    else:
        sys.stdout.write("".join(f"{name}\n" for name in sorted(report.packages)))
    sys.stdout.flush()
    return _EXIT_UNRESOLVED if options.strict and report.unresolved else _EXIT_FOUND_NOTHING_WRONG


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
