"""Fits the line and shows what would be stored: `python -m app.train`, which is what the image starts."""

from importlib import resources

import msgpack
import msgpack_numpy
import numpy as np

from app.model import fit


def main() -> None:
    """Runs the program."""
    with resources.files("app").joinpath("points.csv").open(encoding="utf-8") as rows:
        line = fit(np.loadtxt(rows, delimiter=","))
    stored = msgpack.packb(line, default=msgpack_numpy.encode)
    print(f"y = {line[0]:.2f} x + {line[1]:.2f}, {len(stored)} bytes")


if __name__ == "__main__":
    main()
