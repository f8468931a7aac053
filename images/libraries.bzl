"""What an environment takes of images to have its libraries looked at; apart from the rules, which need environments.

    load("//images:libraries.bzl", "image_libraries")
"""

load(
    "//images/private:image_libraries.bzl",
    _committed = "committed",
    _image_closure = "image_closure",
    _image_libraries = "image_libraries",
)
load("//images/private:image_venv.bzl", _image_venv = "image_venv")
load("//images/private:platform_select.bzl", _by_architecture = "by_architecture", _platform_select = "platform_select")

by_architecture = _by_architecture
committed = _committed
image_closure = _image_closure
image_libraries = _image_libraries
image_venv = _image_venv
platform_select = _platform_select
