"""A machine whose packages the real dpkg has installed, made by tests, and its image read by the tool."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from tools.apt_layer.maker import Maker, Result, tool
from tools.deb_part.debs import Built, Content, build
from tools.image_run.testing import single

ROOT_LINKS = ("bin", "lib", "sbin")
DPKG = "var/lib/dpkg"
OPTIONS = (
    *("--log=/dev/null", "--force-not-root", "--force-depends", "--force-bad-path", "--no-triggers"),
    *("--force-script-chrootless", "--force-architecture", "--force-confold"),
)
# etc/passwd of a base.
PASSWD = """\
root:x:0:0:root:/root:/bin/bash
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
"""


class Machine:
    """A root directory that dpkg and update-alternatives work on, as those of the image would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("info", "updates", "triggers", "alternatives"):
            (path / DPKG / name).mkdir(parents=True)
        (path / DPKG / "info/format").write_text("1\n")
        (path / DPKG / "status").touch()
        for name in ROOT_LINKS:
            (path / "usr" / name).mkdir(parents=True)
            (path / name).symlink_to(f"usr/{name}")

    def dpkg(self, *arguments: str | Path) -> str:
        """Runs dpkg on the root."""
        command = ["dpkg", f"--root={self.path}", *OPTIONS, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def write(self, path: str, text: str) -> None:
        """Writes a file that no package owns."""
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def layer(self) -> bytes:
        """The whole root as one layer."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for each in sorted(self.path.rglob("*")):
                if each.name not in ("lock", "lock-frontend", "Lock", "status-old", "triggers/Lock"):
                    archive.add(each, str(each.relative_to(self.path)), recursive=False)
        return out.getvalue()

    def text(self, path: str) -> str:
        """A file's content."""
        return (self.path / path).read_text()


def dpkg_itself(folder: Path) -> Built:
    """Something called dpkg, since no base comes without it."""
    return build(folder, "dpkg", Content(files={"usr/bin/dpkg": "dpkg"}))


def run(image: Path, state: Path, arch: str = "amd64") -> subprocess.CompletedProcess[str]:
    """Runs the tool on an image."""
    options = ["--image", str(image), "--name", "@base", "--arch", arch]
    return tool("tools.base_state", [*options, "--state", str(state), "--status", f"{state}.status"])


def read(image: Path, tmp_path: Path) -> Result:
    """What it writes for an image that is a base."""
    state = tmp_path / "base.state"
    done = run(image, state)
    assert (done.returncode, done.stderr) == (0, "")
    return Result(state, state, Path(f"{state}.status"))


def base_of(machine: Machine, tmp_path: Path) -> Result:
    """What it writes for a machine's image."""
    return read(single(tmp_path / "image", machine.layer()), tmp_path)


def refused(image: Path, tmp_path: Path, arch: str = "amd64") -> str:
    """What it says of an image that is no base."""
    done = run(image, tmp_path / "state", arch)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()
    return done.stderr


def deb(make: Maker, name: str, control: str = "", **files: str) -> Built:
    """A package, with a program of its own if no file is named."""
    return make.deb(name, Content(files=files or {f"usr/bin/{name}": ""}, control=control))
