"""The launcher behind ./bazelw: picks the Bazel on PATH or the toolbox, and gets out of the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from tools.bazelw import delegate, supervise
from tools.bazelw.errors import LauncherError

_HELP = """
This is bazelw, which finds or makes the Bazel that you talk to. Its own options, to be given first:
  --toolbox-info               what the toolbox is made of, where it is and how large
  --toolbox-shell [-- CMD...]  a shell, or a command, in the toolbox
  --toolbox-rebuild            makes the toolbox anew
Its environment:
  BAZELW_TOOLBOX=1             uses the toolbox even when bazelisk or bazel is on PATH
  APT_MIRROR=URL               the Debian mirror for the toolbox (default: the one in the host's apt sources)
  BAZELW_KEYRING=FILE          the keys of a mirror that signs with its own (default: Debian's keyring)
  XDG_CACHE_HOME=DIR           where the toolbox is kept, in DIR/pycuda (default: ~/.cache)
Proxies (http_proxy, https_proxy, no_proxy), pip's configuration and the host's certificates are passed on.
"""
_HELP_CALLS: tuple[list[str], ...] = ([], ["help"], ["--help"], ["-h"])


def main(launcher: str, args: list[str], env: Mapping[str, str]) -> int:
    """Runs the launcher; returns the exit code."""
    try:
        if args and args[0].startswith("--toolbox-"):
            return _own_option(launcher, args, env)
        program = delegate.find(launcher, env)
        code = delegate.run(program, args, env) if program else _in_toolbox(launcher, ["bazel", *args], env)
        if args in _HELP_CALLS:
            print(_HELP, end="", flush=True)
        return code
    except LauncherError as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # the reader has left, as `head` does; nor can Python flush when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(LauncherError(error.strerror or str(error), file=error.filename), file=sys.stderr)
    return 1


def _own_option(launcher: str, args: list[str], env: Mapping[str, str]) -> int:
    option, rest = args[0], args[1:]
    if option == "--toolbox-shell":
        command = rest[1:] if rest[:1] == ["--"] else rest
        return _in_toolbox(launcher, command or ["/bin/bash"], env)
    from tools.bazelw import build, info, recipe, store

    if option == "--toolbox-info" and not rest:
        return info.show(recipe.load(env), store.Store(env))
    if option == "--toolbox-rebuild" and not rest:
        build.ensure(recipe.load(env), store.Store(env), env, again=True)
        return 0
    raise LauncherError(f"unknown option {' '.join(args)}", remedy=_HELP.strip())


def _in_toolbox(launcher: str, command: list[str], env: Mapping[str, str]) -> int:
    """Runs a command in the toolbox, which is made first when it is missing."""
    from tools.bazelw import host, recipe, store, view

    wanted, toolboxes = recipe.load(env), store.Store(env)
    toolbox = toolboxes.path(wanted.key)
    if not toolboxes.has(wanted.key):
        from tools.bazelw import build

        build.ensure(wanted, toolboxes, env)
    bwrap = host.which("bwrap")
    if not bwrap:
        raise LauncherError("bubblewrap is missing", remedy="as root: apt-get install bubblewrap")
    cwd = os.getcwd()
    seen = view.View(toolbox, os.path.dirname(launcher), cwd, command[1:], env)
    files = {path: supervise.memory_file(text.encode()) for path, text in seen.data.items()}
    argv = [bwrap, *seen.arguments(files, cwd), "--", *supervise.reset(), *command]
    status = supervise.run(argv, view.environment(env), sandbox=True, keep=list(files.values()))
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1:  # the command's, or bubblewrap's own
        from tools.bazelw import unprivileged

        unprivileged.check(bwrap)
    return supervise.leave(status)
