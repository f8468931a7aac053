"""A line through points, by least squares."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def fit(points: Numbers) -> Numbers:
    """Returns slope and intercept of the line that is nearest to the points, given as rows of x and y."""
    x, y = points.T
    result: Numbers = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y)[0]
    return result
