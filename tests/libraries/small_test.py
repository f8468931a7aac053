"""What needs packages by other names in other Debians works there, too."""

from __future__ import annotations

import os
from pathlib import Path

from tests.libraries.starting import start
from tests.libraries.uses import USES
from tools.image_run.unpack import remove_tree

_PROGRAMS = {name: USES[name].code for name in ("pyodbc", "python-magic", "sounddevice")}


def test_it_works(tmp_path: Path) -> None:
    outcomes = start(Path(os.environ["IMAGE"]), _PROGRAMS, env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    remove_tree(str(tmp_path / "cache"))
    assert {name: each.said for name, each in outcomes.items() if each.code != 0} == {}
