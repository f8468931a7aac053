"""Runs the real apt with a configuration, state and cache of its own in a temporary folder.

Nothing of the machine's apt is read but the programs themselves and the keyring: no sources, no preferences,
no installed packages. Signatures of every InRelease are checked; there is no switch to turn that off.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.apt_lock.inputs import Input
from tools.apt_lock.mirrors import MAIN, SECURITY
from tools.common.errors import ToolError

KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)
_UPDATED = "The mirror is being updated, or partly stale. Try later, or choose another: APT_MIRROR=URL."
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_FOLDERS = "state/lists/partial cache/archives/partial etc/apt.conf.d etc/preferences.d log".split()
_NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Origin:
    """Where to lock from: the URL of each archive, the keys to trust, whether an old Release file will do.

    `command` is what the user runs, for messages.
    """

    mirrors: Mapping[str, str]
    keyring: Path
    snapshot: bool
    command: str


class Session:
    """apt's programs for one input, in `root`, which the caller makes and removes."""

    def __init__(self, root: Path, wanted: Input, origin: Origin) -> None:
        if shutil.which("apt-get") is None:
            raise ToolError(
                "there is no apt-get on this machine, and it is apt-get that resolves dependencies",
                remedy=f"Run it where Debian's apt is: BAZELW_TOOLBOX=1 {origin.command}",
            )
        self.root, self.wanted, self.origin = root, wanted, origin
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True)
        (root / "status").touch()

    def run(
        self,
        program: str,
        *args: str,
        archs: Sequence[str],
        settings: Mapping[str, str] = _NONE,
        folder: Path | None = None,
    ) -> str:
        """What a program writes when it is run for those architectures, with settings beside ours."""
        done = subprocess.run(
            [program, *args],
            env=self._environment(archs, settings),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _failure(program, args, done.stderr)
        return done.stdout

    @contextmanager
    def stream(self, program: str, *args: str, archs: Sequence[str]) -> Iterator[Iterable[bytes]]:
        """The same as lines, for what is too long to be held. They are to be read to the end."""
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                [program, *args],
                env=self._environment(archs, _NONE),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            ) as process,
        ):
            yield process.stdout or ()
            if process.wait():
                errors.seek(0)
                raise _failure(program, args, errors.read().decode("utf-8", "replace"))

    def _environment(self, archs: Sequence[str], settings: Mapping[str, str]) -> dict[str, str]:
        """Writes apt's configuration; returns an environment in which no other is read."""
        config = self.root / "apt.conf"
        config.write_text(self._config(archs, settings))
        (self.root / "etc/sources.list").write_text(self._sources(archs))
        return {**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"}

    def _sources(self, archs: Sequence[str]) -> str:
        """apt's sources. One for other architectures is left out, as apt would read it all the same."""
        lines = []
        for source in self.wanted.sources:
            options = [f"signed-by={self.origin.keyring}"]
            options += ["check-valid-until=no"] if self.origin.snapshot else []
            if source.architectures:
                shared = [arch for arch in archs if arch in source.architectures]
                if not shared:
                    continue
                options.append(f"arch={','.join(shared)}")
            mirror, components = self.origin.mirrors[source.archive], " ".join(self.wanted.components)
            lines.append(f"deb [{' '.join(options)}] {mirror} {source.suite} {components}\n")
        return "".join(lines)

    def _config(self, archs: Sequence[str], more: Mapping[str, str]) -> str:
        root = self.root
        settings = {
            "Dir": "/",
            "Dir::State": root / "state",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Log": root / "log",
            "Dir::Etc": root / "etc",
            "Dir::Etc::trusted": "/dev/null",
            "Dir::Etc::trustedparts": "/dev/null",
            "APT::Architecture": archs[0],
            "APT::Install-Recommends": "false",
            "APT::Install-Suggests": "false",
            "APT::Get::AllowUnauthenticated": "false",
            "APT::Sandbox::User": "root",  # the temporary folder is not readable for _apt
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowWeakRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Dpkg::Use-Pty": "false",
            **more,
        }
        lines = [f'{key} "{value}";' for key, value in settings.items()]
        return "\n".join(
            [*lines, "APT::Architectures { " + " ".join(f'"{arch}";' for arch in archs) + " };", ""]
        )


@contextmanager
def open_session(path: Path, wanted: Input, origin: Origin) -> Iterator[Session]:
    """A session in a folder that is gone afterwards.

    Args:
        path: where `wanted` is from, for messages.
        wanted: the sources.
        origin: where they are.
    """
    archives = {source.archive for source in wanted.sources}
    if unknown := archives - {MAIN, SECURITY}:
        raise ToolError(
            f"has the archive {', '.join(sorted(unknown))} among its sources, which no mirror is known for",
            file=path,
            remedy=f"Known are {MAIN} and {SECURITY}.",
        )
    if unknown := archives - origin.mirrors.keys():
        raise ToolError(
            f"no mirror is known for the archive {', '.join(sorted(unknown))}",
            remedy="Name it: APT_MIRROR=URL for debian, APT_SECURITY_MIRROR=URL for debian-security.",
        )
    with tempfile.TemporaryDirectory(prefix="apt-lock-") as root:
        yield Session(Path(root), wanted, origin)


def say(text: str) -> None:
    """Tells whoever waits what is being done; a log has no use for it."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def _failure(program: str, args: Sequence[str], stderr: str) -> ToolError:
    return ToolError(f"{Path(program).name} {args[0]} failed:\n" + _errors(stderr), remedy=_remedy(stderr))


def _errors(stderr: str) -> str:
    """apt's own words, without the notes and each once."""
    lines = [line for line in dict.fromkeys(stderr.splitlines()) if line.startswith(("E:", "W:", "  ", " "))]
    return "\n".join("  " + line for line in lines or stderr.splitlines())


def _remedy(stderr: str) -> str | None:
    hints: Iterable[tuple[str, str]] = (
        (
            "not signed",
            "The mirror's Release file is not signed by the keyring. Choose another mirror: APT_MIRROR=URL.",
        ),
        (
            "NO_PUBKEY",
            "The mirror's Release file is not signed by the keyring. Choose another mirror: APT_MIRROR=URL.",
        ),
        ("BADSIG", "The mirror's Release file was altered. Choose another mirror: APT_MIRROR=URL."),
        ("No space left", "Make room where temporary files are; TMPDIR names another folder for them."),
        ("Mirror sync in progress", _UPDATED),
        ("Hash Sum mismatch", _UPDATED),
        (
            "expired",
            "The mirror is stale. Choose another (APT_MIRROR=URL), or name a snapshot with --snapshot URL.",
        ),
        ("Unable to locate", "A root is not in this suite; see the sets in the .in.json file."),
        ("404 ", "The mirror lacks this suite. APT_MIRROR and APT_SECURITY_MIRROR name others."),
        ("onnect", _unreachable()),
        ("resolv", _unreachable()),
        (
            "does not have a Release file",
            "The mirror lacks this suite; see the sources in the .in.json file. APT_MIRROR names others.",
        ),
    )
    return next((hint for word, hint in hints if word in stderr), None)


def _unreachable() -> str:
    """What to do without an answer; names a proxy, as apt does not say that the environment chose it."""
    named = {name: os.environ[name] for name in _PROXIES if os.environ.get(name)}
    proxies = [name + "=" + re.sub(r"(^|//)[^/]*@", r"\1***@", value) for name, value in named.items()]
    through = f", or nothing gets through the proxy {', '.join(proxies)}" if proxies else ""
    return f"No network, or the mirror is down{through}. APT_MIRROR=URL chooses another."
