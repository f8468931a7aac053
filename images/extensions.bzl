"""Module extension that makes images of registries, or of a folder, available as bases.

```starlark
base = use_extension("@pycuda//images:extensions.bzl", "base")
base.pull(
    name = "cuda",
    digest = "sha256:133c78a0575303be34164d0b90137a042172bdf60696af01a3c424ab402d86e2",
    image = "docker.io/nvidia/cuda",
    platforms = [
        "linux/amd64",
        "linux/arm64",
    ],
)
use_repo(base, "cuda", "cuda_linux_amd64", "cuda_linux_arm64")
```

`@cuda` is then the image of the target platform, `@cuda_linux_arm64` a certain one, as with `oci.pull` of rules_oci.
This one knows mirrors, and layouts on disk: docs/bases.md.
"""

load("//images/private:base_extension.bzl", _base = "base")

base = _base
