"""From options to a running program: image, root, account, environment, mounts, process."""

import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tools.common.errors import ToolError
from tools.image_run import process
from tools.image_run.account import Account, find_account
from tools.image_run.host import find_bwrap, probe
from tools.image_run.layout import Config, Image, open_image
from tools.image_run.options import Options
from tools.image_run.sandbox import Bind, Program, View, arguments
from tools.image_run.scoped import resolve
from tools.image_run.store import cache_folder, cached_root, temporary_folder
from tools.image_run.unpack import unpack

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELLS = ("/bin/bash", "/bin/sh")
_LOCAL_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def start_image(options: Options) -> int:
    """Starts what the options ask for and returns its exit code."""
    find_bwrap(options.bwrap)  # before the work of unpacking
    image = open_image(options.layout, options.platform)
    if options.root:
        return start_in(image, new_root(image, options.root), options)
    with cached_root(image, cache_folder()) as root:
        return start_in(image, root, options)


def start_in(image: Image, root: Path, options: Options, *, quiet: bool = False) -> int:
    """Starts a program in a root that the image was unpacked to; `quiet` drops its standard output."""
    host = probe(find_bwrap(options.bwrap))
    program = plan(image, root, options)
    if not options.binds and (code := missing(program)):
        where = program.env["PATH"]
        print(
            f"error: {program.command[0]}: not found in the image, or not executable\n  PATH={where}",
            file=sys.stderr,
        )
        return code
    with contextlib.ExitStack() as cleanup:
        throw_away = program.view is View.OVERLAY
        if throw_away and not host.overlay:
            program = replace(program, root=cleanup.enter_context(copy_of(root)), view=View.DIRECT)
        traceless = throw_away or (program.view is View.READ_ONLY and host.overlay)
        program = cleanup.enter_context(with_names(program, anywhere=traceless))
        return process.start(
            functools.partial(arguments, program, host), terminal=program.terminal, quiet=quiet
        )


def new_root(image: Image, root: Path) -> Path:
    """Unpacks into a folder of the user's; one that failed half-way is not left behind."""
    if root.exists():
        raise ToolError("exists already, and an image is unpacked into a new folder only", file=root)
    with temporary_folder(root.parent, f".{root.name}-") as beside:
        unpack(image, beside / "root")
        (beside / "root").rename(root)
    return root


def plan(image: Image, root: Path, options: Options) -> Program:
    """What to start, by the image's config and the options over it."""
    config = image.config
    account = find_account(str(root), options.user if options.user is not None else config.user)
    command, is_shell = command_line(config, options, root)
    terminal = is_shell and sys.stdin.isatty()
    if options.root is not None and not options.read_only:
        view = View.DIRECT
    else:
        view = View.READ_ONLY if options.read_only else View.OVERLAY
    return Program(
        root=root.resolve(),
        command=command,
        env=environment(config.env, account, options.env, terminal=sys.stdin.isatty()),
        workdir=options.workdir or config.workdir,
        account=account,
        view=view,
        network=options.network,
        binds=options.binds,
        hostname=image.digest.removeprefix("sha256:")[:12],
        terminal=terminal,
    )


def command_line(config: Config, options: Options, root: Path) -> tuple[tuple[str, ...], bool]:
    """The command, and whether it is a shell for a person."""
    if options.entrypoint is not None:
        entrypoint: tuple[str, ...] = (options.entrypoint,) if options.entrypoint else ()
        default: tuple[str, ...] = ()
    else:
        entrypoint, default = config.entrypoint, config.cmd
    command = entrypoint + (options.command or default)
    if not command:
        found = [shell for shell in _SHELLS if resolve(str(root), shell)]
        if not found:
            raise ToolError("the image names no command and has no shell", remedy="give a command after --")
        command = (found[0],)
    return command, _is_for_a_person(command)


def _is_for_a_person(command: Sequence[str]) -> bool:
    """Whether it is a shell that is given neither a script nor a command."""
    program, *arguments = command
    is_shell = os.path.basename(program) in ("bash", "dash", "sh", "zsh")
    return is_shell and all(each.startswith("-") and each != "-c" for each in arguments)


def environment(
    image: Sequence[str], account: Account, given: Sequence[tuple[str, str]], *, terminal: bool
) -> dict[str, str]:
    """The variables of the program: defaults, the image's, the user's, later ones first in rank."""
    env = {"PATH": _DEFAULT_PATH, "HOME": account.home}
    if terminal:
        env["TERM"] = os.environ.get("TERM", "dumb")
    for each in image:
        name, _, value = each.partition("=")
        env[name] = value
    return env | dict(given)


def missing(program: Program) -> int:
    """The exit code that says why the command cannot be found in the root; 0 when it can."""
    name, root = program.command[0], str(program.root)
    if "/" in name:
        candidates = [os.path.join(program.workdir, name)]
    else:
        candidates = [os.path.join(folder or ".", name) for folder in program.env["PATH"].split(":")]
    code = _NOT_FOUND
    for candidate in candidates:
        real = resolve(root, candidate)
        if real is not None and os.path.isfile(real):
            if os.stat(real).st_mode & 0o111:
                return 0
            code = _NOT_EXECUTABLE
    return code


@contextlib.contextmanager
def copy_of(root: Path) -> Iterator[Path]:
    """A throw-away copy of a root, where the kernel has no overlay for us."""
    with temporary_folder(None, "image_run-") as folder:
        subprocess.run(["cp", "-a", "--reflink=auto", str(root), str(folder / "root")], check=True)
        yield folder / "root"


@contextlib.contextmanager
def with_names(program: Program, *, anywhere: bool) -> Iterator[Program]:
    """Adds /etc/hosts and /etc/resolv.conf, which a runtime provides; the image's own are hidden.

    Args:
        program: what is started.
        anywhere: whether a mount point can be made without leaving a trace in the root.
    """
    with temporary_folder(None, "image_run-") as folder:
        if program.network:
            sources = {name: Path("/etc", name).resolve() for name in ("hosts", "resolv.conf")}
        else:
            sources = {"hosts": folder / "hosts"}
            sources["hosts"].write_text(_LOCAL_HOSTS + f"127.0.0.1\t{program.hostname}\n", encoding="ascii")
        own = [
            Bind(source, f"/etc/{name}", read_only=True)
            for name, source in sources.items()
            if source.exists() and (anywhere or resolve(str(program.root), f"/etc/{name}"))
        ]
        yield replace(program, binds=(*own, *program.binds))
