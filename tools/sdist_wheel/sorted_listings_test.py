"""What a folder has is listed in the order of names, by all that lists folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_LIST = """
import sys
sys.path.insert(0, sys.argv[1])
import sorted_listings
import glob, os, pathlib
folder = sys.argv[2]
names = sorted(f"n{n}" for n in range(60))
assert os.listdir(folder) == os.listdir(path=folder) == names
assert [os.path.basename(each) for each in glob.glob(folder + "/n*")] == names
assert next(os.walk(folder))[2] == names
assert [path.name for path in pathlib.Path(folder).iterdir()] == names
assert [path.name for path in pathlib.Path(folder).glob("n*")] == names
with os.scandir(folder) as entries:
    assert next(entries).name == "n0"
    assert all(entry.is_file() for entry in entries)
os.chdir(folder)
assert os.listdir() == names
os.scandir().close()
"""


def test_listings_are_sorted(tmp_path: Path) -> None:
    for number in reversed(range(60)):
        (tmp_path / f"n{number}").touch()
    # A dash: the script is no part of the folder, and neither is what it leaves.
    line = [sys.executable, "-BIS", "-", str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(line, input=_LIST, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
