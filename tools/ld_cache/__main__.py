"""Makes the layer with /etc/ld.so.cache for a stack of layers, as ldconfig would write it in the image.

Bazel runs it as the action LdCache of ld_cache_layer (images/private/ld_cache_layer.bzl):

    ld_cache --arch amd64 --output OUT.tar.gz [--base IMAGE] LAYER.tar.gz...       (the lowest layer first)

An IMAGE is an OCI layout, whose layers lie below the others. Nothing of the image is executed and nothing is
unpacked. Links that ldconfig would have made (SONAME -> file) are in the layer as well; a well-made stack
needs none.
"""

import argparse
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.elf_scan.ldso import ARCHITECTURES
from tools.image_run.layout import open_image
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.ld_cache.cache import serialise, serialise_plain
from tools.ld_cache.search import ldconfig, search
from tools.ld_cache.tree import Tree

CACHE = "etc/ld.so.cache"


def main(arguments: list[str] | None = None) -> None:
    """Parses the arguments and makes the layer."""
    parser = argparse.ArgumentParser(prog="ld_cache", description="Makes the layer with /etc/ld.so.cache.")
    parser.add_argument("--arch", required=True, choices=sorted(ARCHITECTURES))
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--base", type=Path, help="the image below the layers: an OCI layout")
    parser.add_argument("layers", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    tree = Tree()
    if options.base:
        tree.add_image(open_image(options.base, f"linux/{options.arch}"))
    for layer in options.layers:
        tree.add_layer(layer)
    write(tree, options.arch, options.output)


def write(tree: Tree, architecture: str, output: Path) -> None:
    """Writes the layer for a tree."""
    found = search(tree, architecture)
    if not found.entries:
        raise ToolError(
            f"no library for {architecture} in the folders of the loader",
            remedy="List all layers of the image, the lowest first, and the architecture that they are for.",
        )
    own = ldconfig(tree)
    if own is not None and own.generator is None:
        data = serialise_plain(found.entries)
    else:
        data = serialise(found.entries, found.hwcaps, own.generator if own else None)
    with output.open("wb") as out:
        with PartWriter(out) as writer:
            writer.add(Entry(CACHE, Kind.FILE, 0o644, size=len(data)), data)
            for path, target in sorted(found.links):
                writer.add(Entry(path.lstrip("/"), Kind.SYMLINK, 0o777, link=target))
        write_layer([], out)


if __name__ == "__main__":
    run(main)
