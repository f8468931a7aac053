"""Virtual environments as image layers, made of locked wheels.

```starlark
load("@pycuda//venv:defs.bzl", "venv_layer")

venv_layer(
    name = "train_venv_amd64",
    arch = "amd64",
    python = "3.11",
    python_layer = "//images:python3.11_amd64",
    wheels = ["@wheels//pandas:whl"],  # dependencies follow
)
```

Each target's default output is one `.tar.gz` layer for `oci_image(tars = [..., ":train_venv_amd64"])`.
"""

load("//venv:providers.bzl", _ByteCompilerInfo = "ByteCompilerInfo", _VenvInfo = "VenvInfo", _WheelPartsInfo = "WheelPartsInfo")
load(
    "//venv/private:byte_compiler.bzl",
    _byte_compiler = "byte_compiler",
    _current_byte_compiler = "current_byte_compiler",
)
load("//venv/private:sdist_wheel.bzl", _sdist_wheel = "sdist_wheel")
load("//venv/private:sdist_wheels.bzl", _sdist_wheels = "sdist_wheels")
load("//venv/private:venv_layer.bzl", _venv_layer = "venv_layer")
load("//venv/private:venv_layers.bzl", _venv_layers = "venv_layers")
load("//venv/private:venv_plan.bzl", _venv_plan = "venv_plan")

ByteCompilerInfo = _ByteCompilerInfo
VenvInfo = _VenvInfo
WheelPartsInfo = _WheelPartsInfo
byte_compiler = _byte_compiler
current_byte_compiler = _current_byte_compiler
sdist_wheel = _sdist_wheel
sdist_wheels = _sdist_wheels
venv_layer = _venv_layer
venv_layers = _venv_layers
venv_plan = _venv_plan
