"""Action AnnotatedImage: an image whose manifest says of its layers what they need said.

Bazel runs it for each annotated_image target; the rule is //images/private:annotated_image.bzl.

    annotated_image --image LAYOUT --digest FILE [--output LAYOUT ANNOTATIONS.json ...]
"""

import argparse
from pathlib import Path

from tools.annotated_image.annotate import annotate
from tools.common.errors import run
from tools.layer.annotations import read_annotations


def main() -> None:
    """Reads the image and the files that Bazel names."""
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("--image", type=Path, required=True, help="an OCI image layout with one image")
    parser.add_argument("--output", type=Path, help="output: the layout with annotations, if there are any")
    parser.add_argument("--digest", type=Path, required=True, help="output: the manifest's digest")
    parser.add_argument("annotations", type=Path, nargs="*", help="JSON files of layers' actions")
    args = parser.parse_args()
    if bool(args.output) != bool(args.annotations):
        parser.error("--output and annotations go together")
    digest = annotate(args.image, args.output, [read_annotations(each) for each in args.annotations])
    args.digest.write_text(f"{digest}\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
