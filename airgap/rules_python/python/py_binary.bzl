"""`py_binary` alone, for files that load one symbol from one file."""

load("//python/private:py_executable.bzl", _py_binary = "py_binary")

py_binary = _py_binary
