"""The README's example: which CUDA runtime is in this image, and does a driver stand behind it?"""

import ctypes

runtime = ctypes.CDLL("libcudart.so.12")
version = ctypes.c_int()
runtime.cudaRuntimeGetVersion(ctypes.byref(version))
devices = ctypes.c_int()
error = runtime.cudaGetDeviceCount(ctypes.byref(devices))
major, minor = version.value // 1000, version.value % 1000 // 10
print(f"CUDA runtime {major}.{minor}, devices: {devices.value}, error {error}")
