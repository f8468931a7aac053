"""Macro for the virtual environment of an image: one rule for each architecture, and what goes with them."""

load("//images:config.bzl", "ARCHITECTURES", "RUNTIMES")
load("//images:names.bzl", "python_layer")
load(":venv_layer.bzl", "venv_layer")
load(":venv_plan.bzl", "venv_plan")

_CPUS = {
    "amd64": Label("@platforms//cpu:x86_64"),
    "arm64": Label("@platforms//cpu:aarch64"),
}

def venv_layers(name, python, wheels, layers = {}, compression = "gzip", allow_duplicates = [], byte_code = True, **kwargs):
    """A virtual environment in layers, for all architectures.

    ```starlark
    venv_layers(
        name = "train_venv",
        python = "3.11",
        wheels = ["@wheels//torch:whl", "@wheels//pandas:whl"],  # dependencies follow
        layers = {"torch": ["torch", "nvidia-*", "triton"], "science": ["numpy", "scipy", "pandas"]},  # the rest is one more
    )
    ```

    | target | what it is |
    |---|---|
    | `NAME` | the layers for the target platform: this machine's, or that of `--platforms` |
    | `NAME_amd64`, `NAME_arm64` | the layers for one architecture |
    | `NAME_plan` | `bazel run` it: proposes `layers` by sizes and by how often pins change |

    Args:
        name: name of the targets.
        python: the Python, such as 3.11.
        wheels: what to install: targets `:whl` of pip hubs, whose dependencies follow, and files.
        layers: layers by name, the lowest first, each with its distributions: names, `*` for anything. What no layer
            names is in one more, on top: put there what changes often.
        compression: `gzip` takes what the wheels have, so it costs next to nothing; `zstd` compresses anew and is
            smaller; `estargz` is gzip with a table of contents, for snapshotters that start before the pull ends.
        allow_duplicates: paths in the image, `*` for anything, that may be in two wheels and differ.
        byte_code: whether modules are compiled, by the images' own Python of Debian; there is none for 3.10, 3.12 and
            3.14, whose layers have no byte code. Without, layers are smaller and programs start more slowly.
        **kwargs: attributes of all rules, such as `tags` and `visibility`.
    """
    row = _row(name, python)
    for arch in ARCHITECTURES:
        venv_layer(
            name = "{}_{}".format(name, arch),
            allow_duplicates = allow_duplicates,
            arch = arch,
            byte_code = byte_code,
            compression = compression,
            layers = layers,
            python = python,
            python_home = "/usr/bin" if row.interpreter == "debian" else "/usr/local/bin",
            python_layer = Label("//images:" + python_layer(python, arch)),
            wheels = wheels,
            **kwargs
        )
    native.alias(
        name = name,
        actual = select({_CPUS[arch]: "{}_{}".format(name, arch) for arch in ARCHITECTURES}),
        **kwargs
    )
    venv_plan(
        name = name + "_plan",
        venv = name,
        **kwargs
    )

def _row(name, python):
    for row in RUNTIMES:
        if row.python == python:
            return row
    fail("//{}:{}: python = \"{}\" has no image; there are {}".format(
        native.package_name(),
        name,
        python,
        ", ".join([row.python for row in RUNTIMES]),
    ))
