"""The rules of rules_python, under one label.

```starlark
load("@rules_python//python:defs.bzl", "py_binary", "py_library", "py_test")

py_library(name = "greeting", srcs = ["greeting.py"])

py_binary(name = "greet", srcs = ["greet.py"], deps = [":greeting"])
```
"""

load("//python/private:py_executable.bzl", _py_binary = "py_binary", _py_test = "py_test")
load("//python/private:py_info.bzl", _PyInfo = "PyInfo")
load("//python/private:py_library.bzl", _py_library = "py_library")

PyInfo = _PyInfo
py_binary = _py_binary
py_library = _py_library
py_test = _py_test
