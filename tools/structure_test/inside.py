"""Runs container-structure-test inside an image's root, with its host driver.

That driver looks at "this machine", which in the root is the image: files, commands and metadata are
those of the image itself. Every run has a fresh throw-away layer above the root, so what the commands
of one run write, no other run sees.
"""

from dataclasses import dataclass
from pathlib import Path

from tools.image_run.layout import Image
from tools.image_run.options import Options
from tools.image_run.sandbox import Bind
from tools.image_run.start import start_in

# Below /tmp, which is a new tmpfs in every container, so that the root shows no trace of it.
_PLACE = "/tmp/.structure_test"


@dataclass(frozen=True)
class Inside:
    """An unpacked image, and the program to test it with."""

    image: Image
    root: Path
    program: Path
    bwrap: str
    scratch: Path

    def text(self, config: Path) -> int:
        """Tests and prints; returns the program's exit code."""
        return self._run(config, ("--no-color",), quiet=False)

    def report(self, config: Path) -> bytes:
        """Tests again, for the report in JUnit's XML."""
        self._run(config, ("--output", "junit", "--test-report", f"{_PLACE}/out/report.xml"), quiet=True)
        return (self._out() / "report.xml").read_bytes()

    def _run(self, config: Path, options: tuple[str, ...], *, quiet: bool) -> int:
        metadata = self.scratch / "metadata.json"
        metadata.write_bytes(self.image.config.text)
        shown = f"{_PLACE}/{config.name}"
        driver = ("--driver", "host", "--force", "--metadata", f"{_PLACE}/metadata.json")
        return start_in(
            self.image,
            self.root,
            Options(
                layout=self.image.layout,
                command=(f"{_PLACE}/program", "test", *driver, "--config", shown, *options),
                bwrap=self.bwrap,
                entrypoint="",
                binds=(
                    Bind(self.program, f"{_PLACE}/program", read_only=True),
                    Bind(metadata, f"{_PLACE}/metadata.json", read_only=True),
                    Bind(config, shown, read_only=True),
                    Bind(self._out(), f"{_PLACE}/out"),
                ),
            ),
            quiet=quiet,
        )

    def _out(self) -> Path:
        out = self.scratch / "out"
        out.mkdir(mode=0o777, exist_ok=True)
        out.chmod(0o777)  # the image's user may be any
        return out
