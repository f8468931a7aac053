"""Doubles numbers on the GPU. `import cupy` itself needs the driver's libcuda.so.1, which no image may have."""

import cupy

print(2 * cupy.arange(8) + 1)
