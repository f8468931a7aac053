"""What several targets of the contract tests have in common.

```starlark
test_layers(name = "layer")

app_image(
    name = "app",
    cmd = ["--port", "8080"],
)

test_load(
    name = "load",
    image = ":app",
)
```
"""

load("@rules_oci//oci:defs.bzl", "oci_image", "oci_load")
load(":layers.bzl", "test_layer")

_WRAPPINGS = [
    "tar",
    "tar.gz",
    "tgz",
    "tar.zst",
    "tzst",
]

def test_layers(name):
    """A layer for each wrapping that upstream takes.

    Args:
      name: what the names of the targets start with; the wrapping follows.
    """
    for wrapping in _WRAPPINGS:
        test_layer(
            name = name + "_" + wrapping.replace(".", "_"),
            content = "hello from %s\n" % wrapping,
            path = "srv/%s.txt" % wrapping,
            wrapping = wrapping,
        )

def test_load(name, **kwargs):
    """An oci_load into the fake engine, and its archive as NAME_tarball.

    Args:
      name: name of the target.
      **kwargs: further attributes of oci_load.
    """
    oci_load(
        name = name,
        loader = ":fake_engine",
        **kwargs
    )
    native.filegroup(
        name = name + "_tarball",
        srcs = [":" + name],
        output_group = "tarball",
    )

def app_image(name, **kwargs):
    """An image of four layers on `:base`.

    Args:
      name: name of the target.
      **kwargs: further attributes of oci_image.
    """
    oci_image(
        name = name,
        base = ":base",
        tars = [
            ":layer_tar_gz",
            ":layer_tar_zst",
            ":layer_tzst",
            ":layer_tgz",
        ],
        user = "1000:1000",
        workdir = "/opt/app",
        **kwargs
    )
