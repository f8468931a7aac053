"""`py_runtime` alone, for files that load one symbol from one file."""

load("//python/private:py_runtime.bzl", _py_runtime = "py_runtime")

py_runtime = _py_runtime
