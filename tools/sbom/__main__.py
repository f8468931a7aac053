"""Action Sbom: bills of materials and provenance of one image, and the layout in which they are pushed.

Bazel runs it for each image_sbom target; the rule is //images/private:sbom.bzl.

    sbom --image LAYOUT --name runtime_py311 --label //images:runtime_py311_amd64 --suite bookworm \\
        --spdx OUT --cyclonedx OUT --provenance OUT --layout OUT COMPONENTS.json ...
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tools.common.errors import ToolError, naming, run
from tools.component import record
from tools.sbom.bom import merge
from tools.sbom.cdx import cyclonedx
from tools.sbom.provenance import PREDICATE, UNKNOWN_BUILDER, Builder, provenance
from tools.sbom.referrers import Document, dump, write_layout
from tools.sbom.spdx import spdx
from tools.sbom.subject import read_subject

_TOOL = "pycuda-sbom"


def main() -> None:
    """Reads the image and the components that Bazel names."""
    parser = argparse.ArgumentParser(
        prog="sbom", description="Writes what an image is made of.", fromfile_prefix_chars="@"
    )
    parser.add_argument("--image", type=Path, required=True, help="an OCI image layout with one image")
    parser.add_argument("--name", required=True, help="what the image is called")
    parser.add_argument("--label", required=True, help="the target that builds it")
    parser.add_argument("--suite", action="append", default=[], help="Debian suite of its packages")
    parser.add_argument("--version", type=Path, required=True, help="file with the version of this program")
    parser.add_argument("--builder-id", default=UNKNOWN_BUILDER, help="URI of who builds")
    parser.add_argument("--source", default="", help="URI of the sources' repository")
    parser.add_argument("--commit", default="", help="commit of the sources")
    parser.add_argument("--spdx", type=Path, required=True, help="output: SPDX 2.3, JSON")
    parser.add_argument("--cyclonedx", type=Path, required=True, help="output: CycloneDX 1.6, JSON")
    parser.add_argument("--provenance", type=Path, required=True, help="output: in-toto statement, JSON")
    parser.add_argument("--layout", type=Path, required=True, help="output: OCI image layout")
    parser.add_argument("components", type=Path, nargs="*", help="JSON of //tools/component")
    args = parser.parse_args()
    subject = read_subject(args.image, args.name, args.label)
    components = [each for path in args.components for each in record.read(path)]
    version = args.version.read_text(encoding="utf-8").strip()
    bom = merge(subject, components, args.suite)
    builder = Builder(args.builder_id, args.source, args.commit)
    texts = {
        args.spdx: dump(spdx(bom, f"{_TOOL}-{version}", _epoch())),
        args.cyclonedx: dump(cyclonedx(bom, _TOOL, version)),
        args.provenance: dump(provenance(bom, builder)),
    }
    for path, text in texts.items():
        with naming(path):
            path.write_bytes(text)
    write_layout(
        args.layout,
        subject,
        [
            Document("application/spdx+json", "sbom.spdx.json", texts[args.spdx]),
            Document("application/vnd.cyclonedx+json", "sbom.cdx.json", texts[args.cyclonedx]),
            Document(
                "application/vnd.in-toto+json",
                "provenance.json",
                texts[args.provenance],
                {"in-toto.io/predicate-type": PREDICATE},
            ),
        ],
    )


def _epoch() -> int:
    said = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not said.isdecimal():
        raise ToolError(f"SOURCE_DATE_EPOCH is {said!r}", remedy="It is a number of seconds since 1970.")
    return int(said)


if __name__ == "__main__":
    run(main)
