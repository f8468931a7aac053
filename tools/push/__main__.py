"""Pushes image layouts to a registry.

Bazel invokes it as `bazel run //images:push -- [options]`; the rule image_push names the plan in the
environment. By hand: `python3 -m tools.push --plan FILE ...`.
"""

import os
import sys
import time

from tools.common.errors import raise_all, run
from tools.push import report
from tools.push.options import parse
from tools.push.progress import Progress
from tools.push.push import prepare, push
from tools.registry.transport import Patience


def main() -> int:
    """Runs the tool; the exit code is 0 only if every tag is at the image that was built."""
    start = time.monotonic()
    options = parse(sys.argv[1:], os.environ)
    progress = Progress(sys.stderr, terminal=sys.stderr.isatty())
    jobs = prepare(options, os.environ, Patience(retries=options.retries, tell=progress.waiting))
    try:
        with progress:
            push(jobs, options, os.environ, progress)
    except KeyboardInterrupt:
        os._exit(130)  # at once: Python would wait for requests that are under way
    elapsed = time.monotonic() - start
    print(report.as_json(jobs, elapsed) if options.json else report.table(jobs, elapsed), flush=True)
    raise_all(list({str(job.error): job.error for job in jobs if job.error}.values()))
    return 0


run(main)
