"""Debian packages as image layers.

```starlark
load("@pycuda//apt:defs.bzl", "apt_layer")

apt_layer(name = "debian", lock = "@bookworm", set = "base", arch = "amd64")

apt_layer(name = "python", lock = "@bookworm", set = "python3.11", arch = "amd64", base = ":debian")
```

On a pulled image:

```starlark
apt_base(name = "cuda", image = "@cuda_linux_amd64", arch = "amd64")

apt_layer(name = "python", lock = "@bookworm", set = "python3.11", arch = "amd64", base = ":cuda")
```

Each layer's default output is one `.tar.gz` layer for `oci_image(tars = [":debian", ":python"])`.
"""

load("//apt/private:apt_base.bzl", _apt_base = "apt_base")
load("//apt/private:apt_layer.bzl", _apt_layer = "apt_layer")
load("//apt/private:providers.bzl", _AptLayerInfo = "AptLayerInfo", _AptSetInfo = "AptSetInfo", _DebInfo = "DebInfo")

AptLayerInfo = _AptLayerInfo
AptSetInfo = _AptSetInfo
DebInfo = _DebInfo
apt_base = _apt_base
apt_layer = _apt_layer
