"""Compares all that the table of contents of an eStargz layer says with the layer.

For people: `bazel run //tools/estargz_check -- LAYER [--toc-digest sha256:...]`, where the digest is that
of the annotation `containerd.io/snapshot/stargz/toc.digest`.
"""

import argparse
from pathlib import Path

from tools.common.errors import run
from tools.layer.estargz_check import verify


def main() -> None:
    """Prints what was found to be right."""
    parser = argparse.ArgumentParser(prog="estargz_check", description=__doc__)
    parser.add_argument("layer", type=Path)
    parser.add_argument("--toc-digest", help="what the TOC's digest must be")
    args = parser.parse_args()
    toc = verify(args.layer, args.toc_digest)
    print(f"{args.layer}: {len(toc.entries)} entries are as the TOC {toc.digest} says")


if __name__ == "__main__":
    run(main)
