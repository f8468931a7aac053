"""`--toolbox-info`: what the toolbox is made of, where it is, how large, and which others are left."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any

from tools.bazelw.recipe import Recipe
from tools.bazelw.store import Store


def show(recipe: Recipe, store: Store) -> int:
    """Prints the facts about this checkout's toolbox; returns the exit code."""
    print(f"key:       {recipe.key}  (of {recipe.file} and {os.uname().machine})")
    path = store.path(recipe.key)
    if store.has(recipe.key):
        data = _read(os.path.join(path, "info.json"))
        packages = data.get("packages", {})
        print(f"location:  {path}")
        print(f"made:      {time.strftime('%Y-%m-%d %H:%M:%S %z', time.localtime(data.get('made', 0)))}")
        print(f"suite:     {data.get('suite')}, from {data.get('mirror')}")
        print(f"bazel:     {packages.get('bazel-bootstrap', 'none')}")
        print(f"size:      {_size(path)}")
        print(f"packages:  {len(packages)}, of them asked for:")
        for name in recipe.packages:
            print(f"  {name} {packages.get(name, '(virtual)')}")
    else:
        print(f"location:  {path} (not made yet; the next build makes it)")
    others = [key for key in store.complete() if key != recipe.key]
    if others:
        print("other toolboxes, of other checkouts and recipes; rm -rf one when nothing uses it:")
        for key in others:
            print(f"  {store.path(key)}  {_size(store.path(key))}")
    return 0


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
            return data if isinstance(data, dict) else {}
    except (OSError, ValueError):
        return {}


def _size(path: str) -> str:
    output = subprocess.run(
        ["du", "-sm", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    ).stdout
    return f"{output.split()[0].decode()} MB" if output else "unknown"
