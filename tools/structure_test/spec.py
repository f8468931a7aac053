"""What a structure test is made of, as the rule image_test writes it down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError

VARIABLE = "STRUCTURE_TEST_SPEC"
_VERSION = 1


@dataclass(frozen=True)
class Spec:
    """An image, the program that tests it, and what it is tested for."""

    layout: Path
    program: Path
    bwrap: str
    configs: tuple[Path, ...]


def read_spec(environ: Mapping[str, str]) -> Spec:
    """Reads the JSON file that the environment names.

    The paths in it are relative to the runfiles' folder, in which Bazel starts its programs.
    """
    file = environ.get(VARIABLE)
    if file is None:
        raise ToolError(f"{VARIABLE} is not set", remedy="start it with bazel test or bazel run")
    document = json.loads(Path(file).read_bytes())
    if document["version"] != _VERSION:
        raise ToolError(f"version {document['version']}, need {_VERSION}", file=file)
    return Spec(
        layout=Path(document["layout"]).absolute(),
        program=Path(document["program"]).absolute(),
        bwrap=document["bwrap"],
        configs=tuple(Path(config).absolute() for config in document["configs"]),
    )
