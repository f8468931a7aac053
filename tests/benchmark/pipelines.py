"""The readers of ELF files that are no Python: what //tests/benchmark:elf gives to the shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

READELF, VERSIONS = "readelf -d", "readelf -d -V"


@dataclass(frozen=True)
class Pipeline:
    """A shell script, given the list of files and where its output goes, and the programs it calls."""

    script: str
    programs: tuple[str, ...]
    count: Callable[[str], str]

    def command(self, files: Path, output: Path) -> list[str | Path]:
        """What runs it."""
        return ["sh", "-c", self.script, "sh", files, output]

    def counted(self, output: Path) -> str:
        """How many NEEDED entries it found; for when the clock has stopped."""
        return self.count(output.read_text(errors="replace"))


def _of_readelf(output: str) -> str:
    return str(output.count("(NEEDED)"))


def _of_scanelf(output: str) -> str:
    lists = [line.split(" ")[0] for line in output.splitlines()]
    return str(sum(len([name for name in names.split(",") if name.strip("- ")]) for names in lists))


PIPELINES: Mapping[str, Pipeline] = {
    READELF: Pipeline(r'xargs -n1 -d "\n" readelf -d <"$1" >"$2"', ("readelf",), _of_readelf),
    VERSIONS: Pipeline(r'xargs -n1 -d "\n" readelf -d -V <"$1" >"$2"', ("readelf",), _of_readelf),
    "scanelf": Pipeline('scanelf -q -B -F "%n %S %r#F" -f "$1" >"$2"', ("scanelf",), _of_scanelf),
    # ldd on what is named *.so, and dpkg on what it found, some of which no package has.
    "seed: ldd, dpkg -S": Pipeline(
        r"""grep '\.so$' "$1" | xargs -n1 -d "\n" ldd 2>&1 | awk '$2 == "=>" && $3 ~ "^/" {print $3}' |
            sort -u | xargs -d "\n" dpkg -S >"$2" 2>&1 || :""",
        ("ldd", "dpkg"),
        lambda _: "",
    ),
}
