"""Action BaseState: what dpkg and apt know in an image, so that an apt layer can lie on it.

Bazel runs it for each apt_base target; the rule is //apt/private:apt_base.bzl. The layers are read once, as
streams, with their digests checked; nothing is unpacked and nothing of the image runs.
"""

import argparse
from pathlib import Path

from tools.apt_layer.shared import status
from tools.apt_layer.state import dumps
from tools.base_state.database import read_root
from tools.base_state.root import Root
from tools.common.errors import ToolError, run
from tools.image_run.layout import open_image


def main() -> None:
    """Reads the image that Bazel names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help="an OCI image layout")
    parser.add_argument("--name", required=True, help="what the user calls the image, for messages")
    parser.add_argument("--arch", required=True)
    parser.add_argument("--state", type=Path, required=True, help="output: JSON for the apt layer above")
    parser.add_argument("--status", type=Path, required=True, help="output: dpkg's status file")
    args = parser.parse_args()
    try:
        root = Root()
        root.add_image(open_image(args.image, f"linux/{args.arch}"))
        state = read_root(root, args.arch)
    except ToolError as error:
        raise ToolError(error.problem, file=args.name, remedy=error.remedy) from error
    args.state.write_text(dumps(state), encoding="utf-8")
    args.status.write_text(status(state), encoding="utf-8")


if __name__ == "__main__":
    run(main)
