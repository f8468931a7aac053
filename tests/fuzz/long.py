"""Looks for input that a tool doesn't refuse as it should while there is time, with other examples each time.

    ./bazelw run //tests/fuzz:long -- --minutes 10 [--seed 1] [--only elf]

It prints what it finds. Bytes belong into found/CHECK-NAME.hex then, so that the test tries them ever after.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.checks import CHECKS

_BATCH = settings(max_examples=300, database=None, deadline=5000, suppress_health_check=list(HealthCheck))


def main() -> int:
    """Tries until something is found or the time is over."""
    parser = argparse.ArgumentParser(prog="long", description="Looks for input that is not refused well.")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="where to begin")
    parser.add_argument("--only", choices=sorted(CHECKS), help="the one check to try")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    batch = args.seed
    checks = {args.only: CHECKS[args.only]} if args.only else CHECKS
    while time.monotonic() < end:
        for name, (check, strategy) in checks.items():
            try:
                seed(batch)(_BATCH(given(strategy)(check)))()
            except Exception:
                print(f"{name} fails, with --seed {batch}:", file=sys.stderr)
                raise
        batch += 1
    print(f"nothing found in {(batch - args.seed) * 300} examples of each kind")
    return 0


if __name__ == "__main__":
    sys.exit(main())
