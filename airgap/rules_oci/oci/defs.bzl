"""The rules of rules_oci that this drop-in has.

```starlark
load("@rules_oci//oci:defs.bzl", "oci_image")
```
"""

load("//oci/private:image.bzl", _oci_image_rule = "oci_image")
load("//oci/private:macros.bzl", _oci_image = "oci_image")

oci_image = _oci_image
oci_image_rule = _oci_image_rule
