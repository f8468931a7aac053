"""Signs images in a registry, and statements about them: `bazel run //tools/sign -- --key KEY REFERENCE...`.

REFERENCE is registry, repository and digest, as a push prints it.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from tools.common.errors import run
from tools.common.parsing import Parsing
from tools.sign.cosign import Signer, check_reference
from tools.sign.statement import about, completed

_FIELDS = {"_type", "subject", "predicateType", "predicate"}


def main() -> None:
    """Signs what the command line names."""
    parser = argparse.ArgumentParser(
        prog="sign",
        description="Signs images in a registry with cosign.",
        epilog="The password of the key is in COSIGN_PASSWORD. To verify: "
        "cosign verify --insecure-ignore-tlog=true --key cosign.pub REFERENCE",
    )
    parser.add_argument("--key", required=True, help="file with the private key, or env://NAME of a variable")
    parser.add_argument("--registry-ca", default="", help="file with the registry's certificate authority")
    parser.add_argument(
        "--attest",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="sign this statement about one of the images, too: NAME.provenance.json",
    )
    parser.add_argument("--builder-id", default="", help="URI of who builds, for provenance")
    parser.add_argument("--source", default="", help="URI of the sources' repository, for provenance")
    parser.add_argument("--commit", default="", help="commit of the sources, for provenance")
    parser.add_argument(
        "references", nargs="+", metavar="REFERENCE", help="REGISTRY/REPOSITORY@sha256:DIGEST"
    )
    args = parser.parse_args()
    # `bazel run` starts it elsewhere.
    os.chdir(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    for reference in args.references:
        check_reference(reference)
    statements = [(path, statement := _read(path), about(statement, args.references)) for path in args.attest]
    with Signer(args.key, args.registry_ca) as signer:
        for reference in args.references:
            added = signer.sign(reference)
            print(f"{reference}: {'signed' if added else 'has a signature of this key'}", flush=True)
        for path, statement, reference in statements:
            whole = completed(statement, args.builder_id, args.source, args.commit)
            signer.attest(reference, whole["predicateType"], whole["predicate"])
            print(f"{reference}: attested {path.name}", flush=True)


def _read(path: Path) -> dict[str, Any]:
    with Parsing("is no in-toto statement", path, remedy="An image_sbom builds one: NAME.provenance.json."):
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not found.keys() >= _FIELDS:
            raise ValueError(f"it lacks one of {', '.join(sorted(_FIELDS))}")
        return found


if __name__ == "__main__":
    run(main)
