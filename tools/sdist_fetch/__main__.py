"""Fetches one locked source distribution into the current folder.

    PYTHON -BIS tools/sdist_fetch '{"name": ...}'

The module extension of //venv:extensions.bzl runs it, before Bazel has fetched anything: standard library
only, any Python from 3.9 on, with a pip whose configuration says where packages come from. pip itself can't
do this, for it asks a project's own build for its metadata; here nothing of a project runs.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.sdist_fetch.fetch import FetchError, Pin, fetch
from tools.sdist_fetch.options import with_options
from tools.sdist_fetch.web import pip_settings


def main(argument: str) -> int:
    """Fetches what the JSON says and prints the file's name as JSON."""
    request = json.loads(argument)
    pin = Pin(
        request["where"],
        request["name"],
        request["version"],
        frozenset(request["hashes"]),
        request["refresh"],
    )
    try:
        config = with_options(pip_settings(pin), request["options"], Path(request["folder"]), os.environ, pin)
        file = fetch(pin, config, Path.cwd())
    except FetchError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps({"file": file.name}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
