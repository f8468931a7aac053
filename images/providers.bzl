"""Providers of images, apart from the rules: what images are made of needs them too.

    load("//images:providers.bzl", "InterpreterInfo")
"""

load("//images/private:interpreter.bzl", _InterpreterInfo = "InterpreterInfo")

InterpreterInfo = _InterpreterInfo
