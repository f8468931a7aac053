"""An image that is made of this machine's own programs."""

import pytest

from tools.image_run import testing as make
from tools.image_run.testing_tool import Tool

_PROGRAMS = ("bash", "cat", "env", "id", "ls", "sh", "sleep", "stat", "touch")
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:50::/home/app:/bin/sh\n"


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    folder = tmp_path_factory.mktemp("image")
    layout = make.single(
        folder / "layout",
        make.programs(*_PROGRAMS),
        [
            make.file("etc/passwd", _PASSWD),
            make.file("etc/group", b"staff:x:50:\n"),
            make.file("home/app/own", b"mine", uid=1000, gid=50),
            make.file("etc/secret", b"", 0o600),
            make.file("etc/data", b"", 0o644),
        ],
        Env=["PATH=/bin", "GREETING=hello"],
        WorkingDir="/home",
        Cmd=["sh", "-c", "echo $GREETING from $PWD"],
    )
    return Tool(layout, folder / "cache")
