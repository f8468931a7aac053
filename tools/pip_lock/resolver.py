"""Has uv resolve a source, and asks every place that packages come from for the hashes of what it chose."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.common.errors import ToolError
from tools.pip_lock.lockfile import Entry, entries, preferences
from tools.pip_lock.pip_config import PipConfig, Places, default_index, places, uv_environment
from tools.pip_lock.source import MACHINES, Source, Target

_UNREACHABLE = re.compile(
    r"error sending request|dns error|tcp connect|Connection refused|timed out|Failed to fetch"
)
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
# Where a lock says itself what there is, these of the user's would say something else.
_OVERRULED = frozenset({"UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX", "UV_INDEX_STRATEGY"})


@dataclass(frozen=True)
class Uv:
    """How uv is run."""

    program: Path
    config: PipConfig
    environment: Mapping[str, str]


@dataclass(frozen=True)
class _Job:
    """One resolution: of a source, for a target, on one machine or (empty) on all platforms."""

    uv: Uv
    folder: Path
    source: Source
    target: Target
    machine: str = ""

    def run(
        self, requirements: str, wanted: str, where: Places, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs uv; its standard output is the lock.

        Args:
            requirements: what to resolve. Paths in it are relative to the folder of the source.
            wanted: pins to keep where that is possible.
            where: where packages are.
            *arguments: more for uv.
        """
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "lock.txt"
            target.write_text(wanted, encoding="utf-8")
            command = [*self._command(), f"--output-file={target}", *arguments, "-"]
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self._environment(where),
                input=requirements,
                capture_output=True,
                text=True,
            )
            done.stdout = target.read_text(encoding="utf-8")
            return done

    def _command(self) -> list[str]:
        return [
            *(str(self.uv.program), "pip", "compile", "--quiet", "--generate-hashes"),
            *("--only-binary=:all:", *(f"--no-binary={name}" for name in self.source.sdists)),
            *(
                "--no-header",
                "--no-annotate",
                "--emit-index-annotation",
                "--no-strip-extras",
                "--color=never",
            ),
            *(["--no-index"] if self.uv.config.no_index else []),
            f"--python={sys.executable}",
            f"--python-version={self.target.python}",
            f"--python-platform={self.target.platform(self.machine)}" if self.machine else "--universal",
        ]

    def _environment(self, where: Places) -> dict[str, str]:
        dropped = _OVERRULED if self.source.options else frozenset()
        kept = {name: value for name, value in self.uv.environment.items() if name not in dropped}
        return uv_environment(self.uv.config, kept, where)


def resolve(
    uv: Uv, folder: Path, source: Source, target: Target, old: Sequence[Entry], *, upgrade: bool = False
) -> list[Entry]:
    """Returns the pins for a target.

    Args:
        uv: how to run uv.
        folder: where the source is.
        source: what to resolve.
        target: for whom.
        old: pins whose versions stay where they can.
        upgrade: whether to take the newest versions instead.

    Raises:
        ToolError: nothing satisfies the source, or an index can't be reached.
    """
    job = _Job(uv, folder, source, target)
    kept = [] if upgrade else list(old)
    if not target.single:
        return _pins(job, kept)
    found: list[list[Entry]] = []
    for machine in MACHINES:
        # One architecture follows the other where it can.
        named = {pin.name for pins in found for pin in pins}
        wanted = [*(pin for pins in found for pin in pins), *(pin for pin in kept if pin.name not in named)]
        found.append(_pins(replace(job, machine=machine), wanted))
    return merged(dict(zip(MACHINES, found, strict=True)))


def merged(found: Mapping[str, Sequence[Entry]]) -> list[Entry]:
    """One list of the pins for several machines; what is not for all says for which."""
    machines: dict[tuple[str, str], list[str]] = {}
    hashes: dict[tuple[str, str], frozenset[str]] = {}
    for machine, pins in found.items():
        for pin in pins:
            key = (pin.name, pin.version)
            machines.setdefault(key, []).append(machine)
            hashes[key] = hashes.get(key, frozenset()) | pin.hashes
    return [
        Entry(
            *key,
            marker="" if len(on) == len(found) else f"platform_machine == '{on[0]}'",
            hashes=hashes[key],
        )
        for key, on in sorted(machines.items())
    ]


def _own(job: _Job) -> Places:
    """What the source says about places."""

    def values(kind: str) -> list[str]:
        options = (option for option in job.source.options if option.kind == kind)
        return [option.expanded(job.uv.environment, job.source.file) for option in options]

    return Places(
        default="".join(values("--index-url")[-1:]),
        indexes=tuple(values("--extra-index-url")),
        find_links=tuple(
            each if "://" in each else str(job.folder / each) for each in values("--find-links")
        ),
    )


def _pins(job: _Job, kept: Sequence[Entry]) -> list[Entry]:
    own, config = _own(job), job.uv.config
    where = places(config, own, extras=False)
    requirements = job.source.requirements
    done = job.run(requirements, preferences(kept), where)
    everywhere = places(config, own, extras=True)
    if done.returncode and where != everywhere:
        where = everywhere
        done = job.run(requirements, preferences(kept), where)
    if done.returncode:
        raise _explain(job.source, done.stderr)
    pins = entries(done.stdout)
    return _complete(job, pins, where) if job.source.options else pins


def _complete(job: _Job, pins: Sequence[Entry], where: Places) -> list[Entry]:
    """Adds the hashes of files that other places have of the same releases.

    uv takes the files of a release from the place that it asks first, pip may take any file with a locked
    hash: one index may have a wheel for an architecture that the other lacks. So each place is first once.
    """
    default = where.default or default_index(sys.executable)
    orders = [replace(where, default=default, indexes=(each, *where.indexes)) for each in where.indexes]
    orders.append(replace(where, default=default, indexes=(default, *where.indexes) if orders else ()))
    named = tuple(_CREDENTIALS.sub("", index).rstrip("/") for index in (default, *where.indexes))
    extra: dict[tuple[str, str], frozenset[str]] = {}

    def ask(some: Sequence[Entry], asked: Places) -> subprocess.CompletedProcess[str]:
        done = job.run(preferences(some, "==="), "", asked, "--no-deps")
        for pin in entries(done.stdout):
            key = (pin.name, pin.version)
            extra[key] = extra.get(key, frozenset()) | pin.hashes
        return done

    # The first order was that of the resolution itself.
    for asked in orders[1:]:
        done = ask(pins, asked)
        if done.returncode:
            raise _explain(job.source, done.stderr)
    # Files of folders and pages come before those of all indexes, which may not have the release at all.
    for pin in pins if where.find_links and not job.uv.config.no_index else ():
        if not _CREDENTIALS.sub("", pin.place).startswith(named):
            for asked in orders:
                ask([pin], replace(asked, find_links=()))
    return [replace(pin, hashes=pin.hashes | extra.get((pin.name, pin.version), frozenset())) for pin in pins]


def _explain(source: Source, said: str) -> ToolError:
    said = _CREDENTIALS.sub("", said).strip()
    if _UNREACHABLE.search(said):
        own = f", and the lines {', '.join(f'`{each}`' for each in source.options)}" if source.options else ""
        return ToolError(
            f"the package index can't be reached\n{said}",
            file=source.file,
            remedy="check the network, the proxy and pip's configuration (`python3 -m pip config list`)"
            + own,
        )
    return ToolError(
        f"nothing satisfies it\n{said}",
        file=source.file,
        remedy="relax a requirement in it; a distribution without wheels needs a line `# sdist: NAME`",
    )
