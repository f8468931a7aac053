"""Action SdistWheel: a source distribution becomes a wheel, built in an image by the image's own Python.

Bazel runs it once for each sdist, Python and architecture; the rule is //venv/private:sdist_wheel.bzl.

    sdist_wheel --python 3.11 --arch amd64 --bwrap /usr/bin/bwrap --layout IMAGE
        --image //images:buildtime_py311_amd64 --label //app:mysqlclient_py311_amd64
        --wheel setuptools.whl... [--emulator PART] [--env N=V] [--setting N=V] --out X.whl X-1.0.tar.gz

The build has no network and sees nothing of this machine, and no other wheels than those named here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.sdist_wheel.build import build
from tools.sdist_wheel.order import Order, Target


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ToolError(f"{text!r} is not NAME=VALUE")
    return name, value


def main(arguments: list[str] | None = None) -> None:
    """Builds the wheel that Bazel asks for."""
    parser = argparse.ArgumentParser(prog="sdist_wheel", description="Builds a wheel in an image.")
    parser.add_argument("--python", required=True, help="the Python of the wheel: 3.11")
    parser.add_argument("--arch", required=True, choices=("amd64", "arm64"))
    parser.add_argument("--bwrap", required=True, help="path of bubblewrap")
    parser.add_argument("--layout", type=Path, required=True, help="OCI layout of the image to build in")
    parser.add_argument("--image", required=True, help="the image's label, for messages")
    parser.add_argument("--label", required=True, help="the target's label, for messages")
    parser.add_argument("--wheel", type=Path, action="append", default=[], help="what the build may use")
    parser.add_argument("--emulator", type=Path, help="part of Debian's package qemu-user-static")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the build")
    parser.add_argument("--setting", action="append", default=[], help="NAME=VALUE for the backend")
    parser.add_argument("--out", type=Path, required=True, help="output: the wheel")
    parser.add_argument("sdist", type=Path)
    args = parser.parse_args(arguments)
    order = Order(
        sdist=args.sdist,
        target=Target(args.python, args.arch),
        layout=args.layout,
        image=args.image,
        label=args.label,
        wheels=tuple(args.wheel),
        env=dict(map(_pair, args.env)),
        settings=dict(map(_pair, args.setting)),
        emulator=args.emulator,
    )
    build(order, args.bwrap, args.out.parent, args.out)


if __name__ == "__main__":
    run(main)
