"""`PyInfo` alone, for rules that read or make it."""

load("//python/private:py_info.bzl", _PyInfo = "PyInfo")

PyInfo = _PyInfo
