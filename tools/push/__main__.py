"""Pushes image layouts to a registry.

Bazel invokes it as `bazel run //images:push -- [options]`; the rule image_push names the plan in the
environment. By hand: `python3 -m tools.push --plan FILE ...`.
"""

import os
import sys
import threading
from contextlib import ExitStack

from tools.common.errors import raise_all, run
from tools.push import report
from tools.push.options import Options, parse
from tools.push.progress import Progress
from tools.push.push import prepare, push
from tools.sign.cosign import Signer


def main() -> int:
    """Runs the tool; the exit code is 0 only if every tag is at the image that was built."""
    options = parse(sys.argv[1:], os.environ)
    jobs = prepare(options, os.environ, threading.Event())
    try:
        with ExitStack() as stack:
            signer = _signer(options, stack)
            progress = stack.enter_context(Progress(sys.stderr, terminal=sys.stderr.isatty()))
            push(jobs, options, os.environ, progress, signer)
    except KeyboardInterrupt:
        os._exit(130)  # at once: Python would wait for requests that are under way
    print(report.as_json(jobs) if options.json else report.table(jobs), flush=True)
    raise_all(list({str(job.error): job.error for job in jobs if job.error}.values()))
    return 0


def _signer(options: Options, stack: ExitStack) -> Signer | None:
    """A key that works: without one nothing is sent."""
    if not options.sign_key or options.dry_run:
        return None
    signer = stack.enter_context(Signer(options.sign_key, str(options.ca or "")))
    signer.ready()
    return signer


run(main)
