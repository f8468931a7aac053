#!/usr/bin/env -S python3 -I
"""Start container-structure-test as a rule container_structure_test says.

Bazel runs it as the test, in the runfiles folder of the main repository; the JSON file beside it has the
rule's attributes, and arguments of the test are handed on.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def command(settings: dict[str, Any], extra: list[str]) -> list[str]:
    """The command line of the program."""
    words = [settings["program"], "test", "--driver", settings["driver"]]
    if settings["image_is_tar"]:
        words += ["--image", settings["image"]]
    else:
        words += ["--ignore-ref-annotation", "--image-from-oci-layout", settings["image"]]
    for config in settings["configs"]:
        words += ["--config", config]
    if settings["platform"]:
        words += ["--platform", settings["platform"]]
    if not settings["image_is_tar"]:
        index = json.loads(Path(settings["image"], "index.json").read_bytes())
        digest = index["manifests"][0]["digest"].replace(":", "-")
        words += ["--default-image-tag", f"cst.oci.local/{digest}:{digest}"]
    return words + extra


def main() -> None:
    """See the module's docstring."""
    settings = json.loads(Path(sys.argv[0] + ".json").read_bytes())
    words = command(settings, sys.argv[1:])
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
