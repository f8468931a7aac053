"""Computes on the GPU. The driver's libcuda.so.1 is in no image: without a driver the computation fails."""

import cupy

print(2 * cupy.arange(8) + 1)
