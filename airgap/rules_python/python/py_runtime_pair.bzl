"""`py_runtime_pair` alone, for files that load one symbol from one file."""

load("//python/private:py_runtime.bzl", _py_runtime_pair = "py_runtime_pair")

py_runtime_pair = _py_runtime_pair
