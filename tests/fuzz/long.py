"""Looks for input that a tool doesn't refuse as it should while there is time, with other examples each time.

    ./bazelw run //tests/fuzz:long -- --minutes 10 [--seed 1] [--only elf]
    ./bazelw run //tests/fuzz:long -- --examples 100000 --only elf

It prints what it finds. Bytes belong into found/CHECK-NAME.hex then, so that the test tries them ever after.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.checks import CHECKS

_SIZE = 300
_TELL = 60.0  # seconds
_BATCH = settings(max_examples=_SIZE, database=None, deadline=5000, suppress_health_check=list(HealthCheck))


def main() -> int:
    """Tries until something is found, or enough was tried."""
    parser = argparse.ArgumentParser(prog="long", description="Looks for input that is not refused well.")
    parser.add_argument("--minutes", type=float, help="how long (default: 10 minutes without --examples)")
    parser.add_argument("--examples", type=int, help="how many of each kind, at least")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30), help="where to begin")
    parser.add_argument("--only", choices=sorted(CHECKS), help="the one check to try")
    args = parser.parse_args()
    minutes = args.minutes or (math.inf if args.examples else 10)
    end = time.monotonic() + 60 * minutes
    checks = {args.only: CHECKS[args.only]} if args.only else CHECKS
    tried, told = 0, time.monotonic()
    while time.monotonic() < end and tried < (args.examples or math.inf):
        batch = args.seed + tried // _SIZE
        for name, (check, strategy) in checks.items():
            try:
                seed(batch)(_BATCH(given(strategy)(check)))()
            except Exception:
                print(f"{name} fails, with --seed {batch}:", file=sys.stderr)
                raise
        tried += _SIZE
        if time.monotonic() - told > _TELL:
            told = time.monotonic()
            print(f"{tried} examples of each kind", file=sys.stderr, flush=True)
    print(f"nothing found in {tried} examples of each kind")
    return 0


if __name__ == "__main__":
    sys.exit(main())
