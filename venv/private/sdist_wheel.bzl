"""Rule that builds a wheel from a source distribution, for one Python and architecture."""

load("//tools/platforms:defs.bzl", "for_image", "outside_of_images")
load("//venv:providers.bzl", "BuiltWheelInfo")
load(":venv_part.bzl", "PYTHONS")

_BUBBLEWRAP = "//tools/bubblewrap:toolchain_type"

_DOC = """Builds a wheel in an image, with bubblewrap, by the image's own Python and pip and the locked backend.

```starlark
sdist_wheel(
    name = "mysqlclient_py311_amd64",
    arch = "amd64",
    build_root = "//images:buildtime_py311_amd64",
    python = "3.11",
    requires = ["@app//setuptools:whl"],
    sdist = "@app_sdists//mysqlclient:sdist",
)
```

The build has no network and sees nothing of the machine: same inputs, same bytes. The macro `sdist_wheels` makes one
target for all Pythons and architectures, which is what `venv_layers(wheels = ...)` takes."""

_ENDINGS = [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz", ".tar"]

_CPUS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
}

_ATTRS = {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
        values = _CPUS.keys(),
    ),
    "build_root": attr.label(
        allow_files = True,
        doc = """The image it is built in, an `oci_image`, with `pythonX.Y`, its headers and pip, compilers and the
libraries that the project needs: `//images:buildtime_pyXY_ARCH`, or one of your own on top of it.""",
        mandatory = True,
    ),
    "config_settings": attr.string_dict(
        doc = "Settings for the build backend, as `pip wheel --config-settings` gives them.",
    ),
    "emulator": attr.label(
        allow_files = True,
        cfg = "exec",
        doc = """Debian's package qemu-user-static as a `deb_part`, or no file, for machines of another architecture.
From Linux 6.7 on it takes no more than that, elsewhere an emulator that root has registered.""",
    ),
    "env": attr.string_dict(
        doc = "Environment variables of the build, such as `{\"CFLAGS\": \"-O3\"}`.",
    ),
    "python": attr.string(
        doc = "The Python of the wheel.",
        mandatory = True,
        values = PYTHONS,
    ),
    "requires": attr.label_list(
        allow_files = [".whl"],
        cfg = for_image,
        doc = "Wheels of the build backend and of all that it needs; nothing else is there for it.",
    ),
    "sdist": attr.label(
        allow_single_file = _ENDINGS,
        doc = "The source distribution: `@HUB//NAME:sdist` of the extension `sdists`, or a file NAME-VERSION.tar.gz.",
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/sdist_wheel",
        doc = "Builds the wheel.",
        executable = True,
    ),
}

def _wheel_name(ctx):
    """The name that says for what the wheel was built, whatever its content would run on as well."""
    stem = ctx.file.sdist.basename
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    name, _, version = stem.rpartition("-")
    if not name:
        fail("{}: sdist = \"{}\" is the file {}, which is not called NAME-VERSION.tar.gz; rename it".format(
            ctx.label,
            ctx.attr.sdist.label,
            ctx.file.sdist.basename,
        ))
    parts = name.lower().replace("-", "_").replace(".", "_").split("_")
    python = "cp" + ctx.attr.python.replace(".", "")
    return "{}-{}-{}-{}-linux_{}.whl".format(
        "_".join([part for part in parts if part]),
        version,
        python,
        python,
        _CPUS[ctx.attr.arch],
    )

def _layout(ctx):
    files = ctx.attr.build_root[DefaultInfo].files.to_list()
    if len(files) != 1 or not files[0].is_directory:
        fail("{}: build_root = \"{}\" has {} files; give an oci_image, which is one directory".format(
            ctx.label,
            ctx.attr.build_root.label,
            len(files),
        ))
    return files[0]

def _shown(label):
    return str(label).removeprefix("@@").removeprefix("@")

def _sdist_wheel_impl(ctx):
    layout = _layout(ctx)
    name = _wheel_name(ctx)
    wheel = ctx.actions.declare_file("{}/{}".format(ctx.label.name, name))
    args = ctx.actions.args()
    args.add("--python", ctx.attr.python)
    args.add("--arch", ctx.attr.arch)
    args.add("--bwrap", ctx.toolchains[_BUBBLEWRAP].bubblewrap_info.path)
    args.add_all("--layout", [layout], expand_directories = False)
    args.add("--image", _shown(ctx.attr.build_root.label))
    args.add("--label", _shown(ctx.label))
    args.add_all(ctx.files.emulator, before_each = "--emulator")
    args.add_all(ctx.files.requires, before_each = "--wheel")
    args.add_all(["{}={}".format(*pair) for pair in ctx.attr.env.items()], format_each = "--env=%s")
    args.add_all(["{}={}".format(*pair) for pair in ctx.attr.config_settings.items()], format_each = "--setting=%s")
    args.add("--out", wheel)
    args.add(ctx.file.sdist)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        # Layers are links into the outputs of other targets.
        inputs = depset(
            [layout, ctx.file.sdist] + ctx.files.emulator + ctx.files.requires,
            transitive = [ctx.attr.build_root[DefaultInfo].default_runfiles.files],
        ),
        outputs = [wheel],
        mnemonic = "SdistWheel",
        progress_message = "Building {} in {}".format(name, ctx.attr.build_root.label.name),
    )
    return [
        DefaultInfo(files = depset([wheel])),
        BuiltWheelInfo(sdist = ctx.file.sdist, wheel = wheel),
    ]

sdist_wheel = rule(
    implementation = _sdist_wheel_impl,
    doc = _DOC,
    attrs = _ATTRS,
    cfg = outside_of_images,
    provides = [BuiltWheelInfo],
    toolchains = [_BUBBLEWRAP],
)
