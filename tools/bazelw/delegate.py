"""Hands over to a Bazel on PATH, and says so when that Bazel had no way to the module registry."""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
import shlex
import sys
import time
from collections.abc import Mapping, Sequence

from tools.bazelw import supervise

_DEPTH = "BAZELW_DEPTH"  # how many launchers are above this one
_TOO_DEEP = 3  # a `bazel` on PATH that is a script around this launcher
# Exit codes with which bazelisk gives up (1), and Bazel when it has no modules or no server.
_NOT_STARTED = (1, 32, 36, 37, 48)
_UNREACHABLE = re.compile(
    r"Error accessing registry"
    r"|Error downloading \[[^\n]*(Unknown host|[Cc]onnect|timed out|unreachable|PKIX|50[234] )"
)


def find(launcher: str, env: Mapping[str, str]) -> str:
    """Returns bazelisk, else bazel, on PATH; never the launcher itself, and nothing if there is neither."""
    if env.get("BAZELW_TOOLBOX", "") not in ("", "0"):
        return ""
    if _depth(env) >= _TOO_DEEP:
        return ""
    for name in ("bazelisk", "bazel"):
        for folder in env.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder or ".", name)
            if os.access(path, os.X_OK) and os.path.isfile(path) and not _is_launcher(path, launcher):
                return os.path.abspath(path)
    return ""


def _depth(env: Mapping[str, str]) -> int:
    """Says how many launchers are above this one; what no launcher has written counts as none."""
    text = env.get(_DEPTH, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def _is_launcher(path: str, launcher: str) -> bool:
    return os.path.samefile(path, launcher) or filecmp.cmp(path, launcher, shallow=False)


def run(program: str, args: Sequence[str], env: Mapping[str, str]) -> int:
    """Runs the Bazel that was found; returns its exit code."""
    began = time.time()
    deeper = {**env, _DEPTH: str(_depth(env) + 1)}
    status = supervise.run([program, *args], deeper)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        _hint(program, os.WEXITSTATUS(status), args, env, began)
    return supervise.leave(status)


def _hint(program: str, code: int, args: Sequence[str], env: Mapping[str, str], began: float) -> None:
    """Names the toolbox when the failed command had no way to the registry, as its log shows."""
    logs = [
        path
        for path in command_logs(args, env)
        if os.path.exists(path) and os.path.getmtime(path) >= began - 1
    ]
    if any(unreachable(path) for path in logs):
        problem = f"{program} can't reach the module registry"
    elif not logs and code in _NOT_STARTED:
        problem = (
            f"{program} failed before it ran a command. If it can't reach the network or the module registry:"
        )
    else:
        return
    command = " ".join(["BAZELW_TOOLBOX=1", "./bazelw", *(shlex.quote(arg) for arg in args)])
    print(
        f"bazelw: {problem}\n  To build without it, with modules from Debian packages: {command}",
        file=sys.stderr,
    )


def unreachable(log: str) -> bool:
    """Says whether a command log shows that the module registry, or what it names, could not be asked."""
    try:
        with open(log, encoding="utf-8", errors="replace") as stream:
            return bool(_UNREACHABLE.search(stream.read(1 << 20)))
    except OSError:
        return False


def command_logs(args: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """Returns where Bazel may have written its command.log: `bazel info command_log` would start it again."""
    options = dict(arg.partition("=")[::2] for arg in args if arg.startswith("--output_"))
    logs = [os.path.join(options["--output_base"], "command.log")] if "--output_base" in options else []
    workspace = _workspace(os.getcwd())
    try:
        link = os.readlink(os.path.join(workspace, "bazel-out"))
        logs.append(os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(link))), "command.log"))
    except OSError:
        pass
    home = env.get("HOME") or os.path.expanduser("~")
    user = env.get("USER") or os.path.basename(home)
    caches = [env.get("XDG_CACHE_HOME", ""), os.path.join(home, ".cache")]
    roots = [options.get("--output_user_root", "")]
    roots += [os.path.join(cache, "bazel", f"_bazel_{user}") for cache in caches if cache]
    digest = hashlib.md5(workspace.encode()).hexdigest()
    return logs + [os.path.join(root, digest, "command.log") for root in roots if root]


def _workspace(folder: str) -> str:
    markers = ("MODULE.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel")
    while folder != "/" and not any(os.path.isfile(os.path.join(folder, name)) for name in markers):
        folder = os.path.dirname(folder)
    return folder
