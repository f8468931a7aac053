"""Macros for the virtual environment of an image: one rule for each architecture, and what goes with them."""

load("//images:config.bzl", "ARCHITECTURES", "RUNTIMES")
load(
    "//images:libraries.bzl",
    "by_architecture",
    "committed",
    "image_closure",
    "image_libraries",
    "image_venv",
    "platform_select",
)
load("//images:names.bzl", "python_layer", "tag")
load(":venv_layer.bzl", "venv_layer")
load(":venv_plan.bzl", "venv_plan")

def venv_layers(
        name,
        python,
        wheels,
        layers = {},
        compression = "gzip",
        allow_duplicates = [],
        byte_code = True,
        architectures = ARCHITECTURES,
        apt = None,
        closure = "elf",
        hints = [],
        pkgdeps = None,
        **kwargs):
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
    | `NAME_why` | `bazel run` it: says why a library or a package is needed, on the runtime image of the Python |
    | `NAME_pkgdeps` | `bazel run` it: writes which Debian packages are needed there, and their lock |

    Which packages are needed depends on the image, so `cuda_image` looks at them. Where NAME.pkgdeps.json is there, NAME
    is held against it as well, as on a runtime image.

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
        architectures: list of the architectures that the wheels are there for.
        apt: the repository of the lock that NAME_pkgdeps writes, such as @train_apt.
        closure: what `apt` gives: `elf` or `apt`, as with cuda_image.
        hints: list of files with what no ELF file says of its libraries.
        pkgdeps: the list of packages; NAME.pkgdeps.json if that is there.
        **kwargs: attributes of all rules, such as `tags` and `visibility`.
    """
    plain_venv_layers(
        name = name,
        allow_duplicates = allow_duplicates,
        architectures = architectures,
        byte_code = byte_code,
        compression = compression,
        layers = layers,
        python = python,
        wheels = wheels,
        **kwargs
    )
    image_libraries(
        name = name,
        apt = apt,
        architectures = architectures,
        base = lambda arch: Label("//images:runtime_{}_{}".format(tag(python), arch)),
        closure = closure,
        default_base = True,
        hints = hints,
        pkgdeps = pkgdeps,
        python = python,
        venv = lambda arch: "{}_{}".format(name, arch),
        **kwargs
    )
    held = apt or pkgdeps or committed(name)
    for arch in architectures if held else []:
        image_venv(
            name = "{}_{}_held".format(name, arch),
            arch = arch,
            closure = image_closure("{}_{}".format(name, arch)),
            python = python,
            venv = "{}_{}".format(name, arch),
            **kwargs
        )
    by_architecture(
        name = name,
        architectures = architectures,
        of = name + ("_{}_held" if held else "_{}"),
        **kwargs
    )

def plain_venv_layers(
        name,
        python,
        wheels,
        layers = {},
        compression = "gzip",
        allow_duplicates = [],
        byte_code = True,
        architectures = ARCHITECTURES,
        **kwargs):
    """The layers and nothing that looks at their libraries.

    Args:
        name: as of venv_layers.
        python: as of venv_layers.
        wheels: as of venv_layers.
        layers: as of venv_layers.
        compression: as of venv_layers.
        allow_duplicates: as of venv_layers.
        byte_code: as of venv_layers.
        architectures: as of venv_layers.
        **kwargs: as of venv_layers.
    """
    row = _row(name, python)
    for arch in architectures:
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
    venv_plan(
        name = name + "_plan",
        venv = platform_select(name, name + "_{}", architectures),
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
