"""Tests of what an image contains, by the real container-structure-test.

```starlark
load("@container_structure_test//:defs.bzl", "container_structure_test")

container_structure_test(
    name = "image_test",
    configs = ["image_test.yaml"],
    image = ":image",
)
```
"""

load("//bazel:container_structure_test.bzl", _container_structure_test = "container_structure_test")

container_structure_test = _container_structure_test
