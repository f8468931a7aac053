"""`py_library` alone, for files that load one symbol from one file."""

load("//python/private:py_library.bzl", _py_library = "py_library")

py_library = _py_library
