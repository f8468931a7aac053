"""Action DebPart: one .deb becomes a layer part and a JSON file of facts about it.

Bazel runs it once for each locked .deb; the rule is //apt/private:deb_part.bzl.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tools.common.errors import naming
from tools.common.worker import run_actions
from tools.deb_part.excludes import read_excludes
from tools.deb_part.unpack import Expected, unpack


def main(arguments: Sequence[str]) -> None:
    """Unpacks the .deb that Bazel names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deb", type=Path, required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--sha256", required=True)
    parser.add_argument("--refresh", required=True, help="the command that writes the lock anew")
    parser.add_argument("--excludes", type=Path, required=True, help="JSON: dpkg path rules")
    parser.add_argument("--merged-usr", action="store_true", help="/bin, /lib and /sbin are links to /usr")
    parser.add_argument("--part", type=Path, required=True, help="output: the layer part")
    parser.add_argument("--facts", type=Path, required=True, help="output: JSON")
    args = parser.parse_args(arguments)
    expected = Expected(args.package, args.version, args.architecture, args.sha256, args.refresh)
    with naming(args.part), args.part.open("wb") as out:
        facts = unpack(args.deb, out, expected, read_excludes(args.excludes), merged_usr=args.merged_usr)
    text = json.dumps({"format": 1, **asdict(facts)}, sort_keys=True, ensure_ascii=False, indent=0)
    with naming(args.facts):
        args.facts.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_actions(main)
