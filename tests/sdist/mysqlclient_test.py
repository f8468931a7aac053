"""A wheel that was built from source is used as any other, and wants Debian's library as it does anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.wheel.wheel import Wheel

_WHOLE = Path(os.environ["WHOLE"])
_WITHOUT_LIBRARY = Path(os.environ["WITHOUT_LIBRARY"])
_IMPORT = "import MySQLdb; print(MySQLdb.version_info[:3], MySQLdb.get_client_info(), MySQLdb.__file__)"


def python(image: Path, code: str) -> subprocess.CompletedProcess[str]:
    """The environment's Python, as a user who may write nowhere."""
    line = [
        sys.executable,
        "-m",
        "tools.image_run",
        "--layout",
        str(image),
        "--read-only",
        "--user",
        "1000:1000",
    ]
    env = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.run([*line, "--", "python", "-c", code], env=env, capture_output=True, text=True)


def test_it_is_imported_on_debians_library() -> None:
    done = python(_WHOLE, _IMPORT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("(2, 2, 7) ")
    assert "/usr/share/python3/app/lib/python" in done.stdout


def test_it_speaks_to_a_server_that_is_not_there() -> None:
    """So the library that it found does more than load."""
    done = python(_WHOLE, "import MySQLdb; MySQLdb.connect(host='127.0.0.1', port=9)")
    assert done.returncode == 1
    assert "MySQLdb.OperationalError: (2" in done.stderr
    assert "127.0.0.1" in done.stderr


def test_without_the_library_it_says_which() -> None:
    done = python(_WITHOUT_LIBRARY, _IMPORT)
    assert done.returncode == 1
    assert "ImportError: libmariadb.so.3: cannot open shared object file" in done.stderr


def test_the_wheel_is_the_pins() -> None:
    with Wheel.open(Path(os.environ["WHEEL"])) as wheel:
        wheel.verify()
        assert (wheel.name, wheel.version) == ("mysqlclient", "2.2.7")
        (extension,) = [name for name in wheel.names() if name.endswith(".so")]
    assert extension.startswith("MySQLdb/_mysql.cpython-3")
