"""Layers with a virtual environment and nothing else, for macros that look at its libraries themselves.

    load("//venv:layers.bzl", "plain_venv_layers")
"""

load("//venv/private:venv_layers.bzl", _plain_venv_layers = "plain_venv_layers")

plain_venv_layers = _plain_venv_layers
