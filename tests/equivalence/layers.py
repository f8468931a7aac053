"""Layers, stacked to the root that a container would start with."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

from tools.image_run.streams import open_layer
from tools.image_run.unpack import Tree, can_set_owners


def stacked(root: Path, layers: Iterable[Path]) -> Path:
    """Unpacks layers, the lowest first, into a new folder."""
    root.mkdir()
    tree = Tree(os.path.realpath(root), owners=can_set_owners())
    for layer in layers:
        with open_layer(layer) as stream:
            tree.apply(cast(BinaryIO, stream))
    tree.finish()
    return root
