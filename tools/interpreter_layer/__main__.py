"""Makes an image layer of a relocatable Python interpreter: what rules_python fetches, or one like it.

Bazel runs it as the action InterpreterLayer of interpreter_layer (images/private/interpreter_layer.bzl):

    interpreter_layer --arch amd64 --python 3.12 --part dev --root DIR --policy P --output OUT.tar.gz FILE...

FILEs are those of the interpreter, below DIR; the policy says which of them the part has. Modes, owners and
times are ours, and links are those of the policy: how Bazel laid the files out for an action doesn't matter.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from tools.common.errors import run
from tools.interpreter_layer.plan import Item, plan
from tools.interpreter_layer.policy import Part, Policy, read_policy
from tools.interpreter_layer.tree import MACHINES, Tree, read_tree
from tools.layer.part import PartWriter, write_layer


def main(arguments: list[str] | None = None) -> None:
    """Parses the arguments and makes the layer."""
    parser = argparse.ArgumentParser(
        prog="interpreter_layer",
        description="Makes a layer of a Python interpreter.",
        fromfile_prefix_chars="@",
    )
    parser.add_argument("--arch", required=True, choices=sorted(MACHINES))
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--part", required=True, type=Part, choices=[Part.DEV, Part.RUNTIME])
    parser.add_argument("--policy", required=True, type=Path)
    parser.add_argument("--python", required=True, help="major and minor version")
    parser.add_argument("--root", required=True, help="the folder with the interpreter's bin and lib")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args(arguments)
    tree = read_tree(options.root, options.files, options.python, options.arch)
    policy = read_policy(options.policy, options.python, tree.built(options.python))
    items = plan(tree, policy, options.part)
    with options.output.open("wb") as out:
        write(items, tree, policy, out)


def write(items: list[Item], tree: Tree, policy: Policy, out: BinaryIO) -> None:
    """Writes the layer; one file at a time is in memory."""
    with PartWriter(out) as writer:
        for item in items:
            data = policy.content(item.source, tree.files[item.source].read_bytes()) if item.source else b""
            writer.add(replace(item.entry, size=len(data)), data)
    write_layer([], out)


if __name__ == "__main__":
    run(main)
