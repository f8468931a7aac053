"""Says which CUDA runtime is in this image, whether a driver stands behind it, and whom the command names."""

import ctypes
import os
import sys
from pathlib import Path

import markupsafe

runtime = ctypes.CDLL("libcudart.so.12")
version = ctypes.c_int()
runtime.cudaRuntimeGetVersion(ctypes.byref(version))
devices = ctypes.c_int()
error = runtime.cudaGetDeviceCount(ctypes.byref(devices))
major, minor = version.value // 1000, version.value % 1000 // 10
print(f"CUDA runtime {major}.{minor}, devices: {devices.value}, error {error}")
greeting = Path(__file__).with_name("greeting.txt").read_text().strip()
print(greeting, markupsafe.escape(f"<{sys.argv[1]}>"), os.environ["GREETING"])
