"""Makes a toolbox: runs mmdebstrap into a scratch folder, finishes the root, renames it into place.

Nothing is left behind by a build that fails or is interrupted, and a second call that comes while one is
building waits for it and uses its result.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from types import FrameType

from tools.bazelw import certs, failures, host, mmdebstrap, rootfs, training, unprivileged
from tools.bazelw.errors import LauncherError
from tools.bazelw.progress import Progress
from tools.bazelw.recipe import Recipe
from tools.bazelw.store import Store, remove

_TOTAL = 2 + len(mmdebstrap.STEPS)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked the launcher to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def ensure(recipe: Recipe, store: Store, env: Mapping[str, str], *, again: bool = False) -> str:
    """Returns the toolbox's folder; makes it when it is missing, or in any case with `again`."""
    path = store.path(recipe.key)
    if store.has(recipe.key) and not again:
        return path
    asked = time.time()
    previous = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        store.prepare()
        with store.lock(recipe.key, "another bazelw is making this toolbox; waiting for it"):
            made = os.stat(path).st_mtime if store.has(recipe.key) else 0
            if made and (not again or made > asked):  # by the call that we have waited for
                return path
            _build(recipe, store, env)
    except Interrupted as interrupted:
        signal.signal(interrupted.number, signal.SIG_DFL)
        os.kill(os.getpid(), interrupted.number)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return path


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise Interrupted(number)


def _build(recipe: Recipe, store: Store, env: Mapping[str, str]) -> None:
    host.archive(env)  # fails before anything is made
    progress = Progress(_TOTAL + (training.PACKAGE in recipe.packages))
    progress.say(f"making the toolbox in {store.folder} (once; {recipe.hint or 'see --toolbox-info'})")
    scratch = store.scratch(recipe.key)
    log = os.path.join(scratch, "build.log")
    try:
        if failures.free_mb(store.folder) < recipe.space_mb:
            raise failures.no_space(store.folder, recipe.space_mb)
        progress.step("looking for mmdebstrap and bubblewrap")
        archive = host.prepare(env, log)
        unprivileged.check(host.which("bwrap"))
        suite = _install(recipe, archive, scratch, progress, env)
        progress.step("configuring Bazel and apt")
        info = rootfs.finish(scratch, archive, suite)
        if training.PACKAGE in recipe.packages:
            progress.step("watching Bazel build, for it to start faster")
            if not training.train(scratch, log):
                progress.end("failed")
                progress.say("Bazel's server will take a second longer to start; build.log says why")
        info.update(
            {"suite": suite, "mirror": archive.public_uri, "key": recipe.key, "made": int(time.time())}
        )
        with open(os.path.join(scratch, "info.json"), "w", encoding="utf-8") as stream:
            json.dump(info, stream, indent=1, sort_keys=True)
        store.publish(scratch, recipe.key)
        progress.end()
        certs.folder(store.path(recipe.key), env)
        progress.say(f"toolbox ready after {progress.seconds():.0f} s: {store.path(recipe.key)}")
    except BaseException as error:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it behind
        progress.end("interrupted" if isinstance(error, Interrupted) else "failed")
        kept = _keep_log(log, store.folder) if isinstance(error, LauncherError) else ""
        remove(scratch)
        if isinstance(error, OSError):
            raise failures.from_os_error(error, store.folder, recipe.space_mb) from None
        if kept and isinstance(error, LauncherError):
            raise LauncherError(
                error.problem, file=error.file, remedy=f"{error.remedy or ''}\nfull log: {kept}".strip()
            ) from None
        raise


def _keep_log(log: str, folder: str) -> str:
    """Moves the log of a failed build out of the scratch folder; there is one, of the last failure."""
    kept = os.path.join(folder, "failed.log")
    try:
        if os.path.getsize(log):
            os.replace(log, kept)
            return kept
    except OSError:
        pass
    return ""


def _install(
    recipe: Recipe, archive: host.Archive, scratch: str, progress: Progress, env: Mapping[str, str]
) -> str:
    """Tries the suites in turn and returns the first that can install the set."""
    root, log = os.path.join(scratch, "root"), os.path.join(scratch, "build.log")
    for suite in recipe.suites:
        command = mmdebstrap.command(recipe, archive, suite, root)
        code, tail = mmdebstrap.run(command, root, log, progress, env)
        if code == 0:
            return suite
        problem = failures.explain(tail, recipe, archive, suite, os.path.dirname(scratch))
        if not problem.other_suite or suite == recipe.suites[-1]:
            raise problem.error
        progress.end("failed")
        progress.say(f"{problem.error.problem}; trying the next suite")
        remove(root)
    raise AssertionError("a recipe has at least one suite")
