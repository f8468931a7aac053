"""A line through points, by least squares."""

import numpy as np
from numpy.typing import NDArray


def fit(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns slope and intercept of the line that is nearest to the points, given as rows of x and y."""
    x, y = points.T
    line: NDArray[np.float64] = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y)[0]
    return line
