"""Action AptLayer: the parts of some packages, and what dpkg would note about them, become one layer.

Bazel runs it for each apt_layer target; the rule is //apt/private:apt_layer.bzl. Parts are copied as they
are, so the work is that of the files which packages share. On a pulled base the packages are those on offer,
and the ones that the base lacks are chosen here.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.apt_layer import state as states
from tools.apt_layer.choose import choose
from tools.apt_layer.content import write_part
from tools.apt_layer.depends import CLOSURES
from tools.apt_layer.effects import read_policy
from tools.apt_layer.merge import Layer, LockedSet, add_packages
from tools.apt_layer.relocate import relocate
from tools.apt_layer.rights import check_rights, read_rights
from tools.apt_layer.shared import status
from tools.apt_layer.state import Facts, State, read_facts, read_state
from tools.apt_layer.tree import write_dirs
from tools.common.errors import ToolError, naming, run
from tools.deb_part.excludes import read_excludes
from tools.layer.part import PartWriter, write_layer


def main() -> None:
    """Reads the parameter file that Bazel wrote and makes the layer."""
    args = _parser().parse_args()
    packages = [read_facts(Path(facts), Path(part), auto=False) for facts, part in args.package]
    packages += [read_facts(Path(facts), Path(part), auto=True) for facts, part in args.auto]
    packages.sort(key=lambda facts: facts.package)
    check_rights(packages, read_rights(args.rights))
    base = read_state(args.base) if args.base else State(arch=args.arch, suite=args.suite)
    with tempfile.TemporaryDirectory(dir=args.layer.parent) as scratch:
        if base.pulled:
            packages = _on_pulled(base, packages, args, Path(scratch))
        links = {name: f"usr/{name}" for name in args.root_link}
        lock = LockedSet(args.lock, args.closure)
        layer = add_packages(base, packages, read_policy(args.policy), tuple(args.component), links, lock)
        if not args.base:
            _add_excludes(layer, args.excludes)
        parts = [_part(facts, Path(scratch)) for facts in layer.parts]
        _write(layer, parts, args.layer)
    for path, text in ((args.state, states.dumps(base)), (args.status, status(base))):
        with naming(path):
            path.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("--package", nargs=2, action="append", default=[], metavar=("FACTS", "PART"))
    parser.add_argument(
        "--auto", nargs=2, action="append", default=[], metavar=("FACTS", "PART"), help="a dependency"
    )
    parser.add_argument("--base", type=Path, help="the state of the apt layer below")
    parser.add_argument("--root", action="append", default=[], help="a package asked for, on a pulled base")
    parser.add_argument("--lock", required=True, help="the lock's name, for messages")
    parser.add_argument(
        "--closure", choices=CLOSURES, default="apt", help="whether all that Depends name is in the set"
    )
    parser.add_argument("--arch", required=True)
    parser.add_argument("--suite", required=True)
    parser.add_argument("--component", action="append", default=[])
    parser.add_argument("--root-link", action="append", default=[], help="a folder that is a link into /usr")
    parser.add_argument(
        "--policy", type=Path, action="append", default=[], help="JSON: what maintainer scripts would do"
    )
    parser.add_argument(
        "--rights", type=Path, action="append", default=[], help="JSON: who may have more rights"
    )
    parser.add_argument("--excludes", type=Path, required=True)
    parser.add_argument("--layer", type=Path, required=True, help="output: the layer, .tar.gz")
    parser.add_argument("--state", type=Path, required=True, help="output: JSON for the apt layer above")
    parser.add_argument("--status", type=Path, required=True, help="output: dpkg's status file")
    return parser


def _on_pulled(
    base: State, packages: Sequence[Facts], args: argparse.Namespace, scratch: Path
) -> list[Facts]:
    """Those of the packages that the base lacks, laid out as the base is."""
    for name in args.root_link:
        if base.links.get(name) != f"usr/{name}":
            raise ToolError(
                f"the base has no link /{name} to usr/{name}, as the packages of {args.suite} expect",
                file=args.base,
                remedy="Take a base with merged /usr: Debian 12, Ubuntu 20.04 or later.",
            )
    base.suite = args.suite  # what the policy calls the suite is that of the packages
    return [relocate(facts, base.links, scratch) for facts in choose(base, packages, args.root, args.closure)]


def _add_excludes(layer: Layer, path: Path) -> None:
    """Records the path rules in the image, so that dpkg there goes on with them."""
    target = json.loads(path.read_text(encoding="utf-8"))["file"]
    layer.tree.file(target, read_excludes(path).config().encode(), "path rules")
    for parent, attributes in layer.tree.dirs.items():
        layer.dirs.setdefault(parent, attributes)


def _part(facts: Facts, scratch: Path) -> Path:
    """The part as it is, or a copy with what is placed elsewhere or has another owner."""
    if not facts.moves and not facts.attributes:
        return facts.part
    part = scratch / f"{facts.package}.placed.tar.gz"
    with naming(part), part.open("wb") as out:
        write_part(facts, out)
    return part


def _write(layer: Layer, parts: Sequence[Path], output: Path) -> None:
    head, tail = output.with_name(output.name + ".dirs"), output.with_name(output.name + ".files")
    with naming(output):
        try:
            with head.open("wb") as out, PartWriter(out) as writer:
                write_dirs(layer.dirs, writer)
            with tail.open("wb") as out, PartWriter(out) as writer:
                layer.tree.write(writer)
            with output.open("wb") as out:
                write_layer([head, *parts, tail], out)
        finally:
            head.unlink(missing_ok=True)
            tail.unlink(missing_ok=True)


if __name__ == "__main__":
    run(main)
