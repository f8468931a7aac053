"""Watches a server of Bazel while it builds a small image, so that others start with what it has loaded.

When it ends, Java writes down what it did (JEP 514): ten thousand classes of sixty jars, read and linked, and
which methods are worth compiling. A new server is up in half the time then. A toolbox without that file works
as well: whatever goes wrong here costs a second at each start of a server, and nothing else.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence

from tools.bazelw import host, jvm, unprivileged
from tools.bazelw.store import remove

PACKAGE = "bazel-bootstrap"
_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_SECONDS = 300  # ten times what two slow cores take

# Folders that each Debian root has empty: what is bound there is all that is seen of the host.
_FOLDER, _PYCUDA = "/mnt", "/srv"

_MODULE = f"""\
module(name = "training")

bazel_dep(name = "pycuda", version = "0.1.0")
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_pkg", version = "1.0.1")
local_path_override(
    module_name = "pycuda",
    path = "{_PYCUDA}",
)
"""

_RC = f"""\
import {_PYCUDA}/.bazelrc
common --disk_cache={_FOLDER}/disk
common --lockfile_mode=off
build --workspace_status_command=/bin/true
common --color=no
common --curses=no
common --noshow_progress
"""

_BUILD = """\
load("@pycuda//images:defs.bzl", "image_push")
load("@rules_oci//oci:defs.bzl", "oci_image")
load("@rules_pkg//pkg:tar.bzl", "pkg_tar")

pkg_tar(
    name = "layer",
    srcs = ["BUILD.bazel"],
)

oci_image(
    name = "image",
    architecture = "amd64",
    os = "linux",
    tars = [":layer"],
)

image_push(
    name = "push",
    image = ":image",
)
"""


def train(scratch: str, log: str) -> bool:
    """Adds the cache to the root of a toolbox; says whether it could.

    Args:
        scratch: the toolbox's folder.
        log: the file that Bazel's output is added to.
    """
    root, folder = os.path.join(scratch, "root"), os.path.join(scratch, "training")
    try:
        _write(folder)
        done = _run([*_sandbox(root, folder), "--", "/bin/bash", "-ec", _script(root)], log)
        cache = os.path.join(folder, "server.aot")
        if done and os.path.exists(cache):
            os.replace(cache, root + jvm.CACHE)
            return True
        return False
    finally:
        remove(folder)


def _write(folder: str) -> None:
    workspace = os.path.join(folder, "workspace")
    os.makedirs(workspace)
    # The options of --config=airgap name the drop-ins by their place in the workspace.
    os.symlink(f"{_PYCUDA}/airgap", f"{workspace}/airgap")
    for path, text in (
        (f"{workspace}/MODULE.bazel", _MODULE),
        (f"{workspace}/BUILD.bazel", _BUILD),
        (f"{workspace}/.bazelrc", _RC),
        (f"{workspace}/.bazelignore", "airgap\n"),
        (f"{folder}/directives.json", jvm.CONTENT),
    ):
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)


def _sandbox(root: str, folder: str) -> list[str]:
    """Bubblewrap's part of the command.

    Bazel's server leaves its client, but not a namespace that ends with the command.
    """
    return [
        *unprivileged.bubblewrap(host.which("bwrap")),
        *("--ro-bind", root, "/", "--ro-bind", _CHECKOUT, _PYCUDA, "--bind", folder, _FOLDER),
        *("--unshare-pid", "--unshare-net", "--proc", "/proc", "--dev", "/dev", "--ro-bind", "/sys", "/sys"),
        *("--tmpfs", "/tmp", "--tmpfs", "/run", "--ro-bind", f"{folder}/directives.json", jvm.DIRECTIVES),
        *("--die-with-parent", "--chdir", f"{_FOLDER}/workspace"),
    ]


def _script(root: str) -> str:
    options = [*jvm.options(root), f"-XX:AOTCacheOutput={_FOLDER}/server.aot"]
    bazel = [
        "bazel",
        f"--output_base={_FOLDER}/out",
        f"--output_user_root={_FOLDER}/user",
        *(f"--host_jvm_args={option}" for option in options),
    ]
    build = ["run", f"--script_path={_FOLDER}/push", "--symlink_prefix=/", "//:push"]
    return f"{shlex.join([*bazel, *build])}; {shlex.join([*bazel, 'shutdown'])}"


def _run(command: Sequence[str], log: str) -> bool:
    with open(log, "a", encoding="utf-8") as stream:
        stream.write(f"$ {shlex.join(command)}\n")
        stream.flush()
        process = subprocess.Popen(
            command,
            env={"PATH": host.PATH, "HOME": _FOLDER, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(_SECONDS) == 0
        except subprocess.TimeoutExpired:
            stream.write(f"stopped after {_SECONDS} s\n")
            return False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
