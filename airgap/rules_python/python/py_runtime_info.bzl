"""`PyRuntimeInfo` alone, for rules that read or make it."""

load("//python/private:py_runtime.bzl", _PyRuntimeInfo = "PyRuntimeInfo")

PyRuntimeInfo = _PyRuntimeInfo
