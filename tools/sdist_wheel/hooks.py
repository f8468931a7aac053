"""Calls the hooks of a project's build backend (PEP 517), in the environment that inside_image.py made.

    /build/env/bin/python /build/tool/hooks.py /build/order.json

The current folder is the project's. What the backend asks for beyond pyproject.toml and doesn't have is
written down, and the exit code is then 97.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys

_ABSENT = 97


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Builds one wheel."""
    with open(sys.argv[1], encoding="utf-8") as source:
        order = json.load(source)
    # The project's own modules are no part of the environment, unless it says so.
    sys.path[:1] = [os.path.abspath(each) for each in order["backend_path"]]
    sys.argv = sys.argv[:1]
    name, _, attribute = order["backend"].partition(":")
    backend = importlib.import_module(name)
    for part in filter(None, attribute.split(".")):
        backend = getattr(backend, part)
    settings = order["config_settings"] or None
    asks = getattr(backend, "get_requires_for_build_wheel", None)
    wanted = [each.strip() for each in asks(settings)] if asks else []
    names = {each: re.match(r"[\w.-]*", each)[0] for each in wanted if ";" not in each}  # type: ignore[index]
    absent = [each for each, name in names.items() if _canonical(name) not in order["given"]]
    if absent:
        with open(order["absent"], "w", encoding="utf-8") as out:
            json.dump(absent, out)
        sys.exit(_ABSENT)
    backend.build_wheel(order["made"], settings)


main()
