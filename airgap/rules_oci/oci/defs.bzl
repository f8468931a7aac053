"""The rules of rules_oci that this drop-in has.

```starlark
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index", "oci_load", "oci_push")
```
"""

load("//oci/private:image.bzl", _oci_image_rule = "oci_image")
load("//oci/private:image_index.bzl", _oci_image_index_rule = "oci_image_index")
load("//oci/private:load.bzl", _oci_tarball_rule = "oci_load")
load(
    "//oci/private:macros.bzl",
    _oci_image = "oci_image",
    _oci_image_index = "oci_image_index",
    _oci_load = "oci_load",
    _oci_push = "oci_push",
)
load("//oci/private:push.bzl", _oci_push_rule = "oci_push")

oci_image = _oci_image
oci_image_index = _oci_image_index
oci_image_index_rule = _oci_image_index_rule
oci_image_rule = _oci_image_rule
oci_load = _oci_load
oci_push = _oci_push
oci_push_rule = _oci_push_rule
oci_tarball_rule = _oci_tarball_rule
