"""`py_test` alone, for files that load one symbol from one file."""

load("//python/private:py_executable.bzl", _py_test = "py_test")

py_test = _py_test
