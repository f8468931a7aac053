"""Rule that makes a layer with a virtual environment."""

load("//apt:defs.bzl", "AptLayerInfo")
load("//images:config.bzl", "VIRTUAL_ENV")
load("//images:defs.bzl", "InterpreterInfo")
load("//tools/platforms:defs.bzl", "for_image")
load("//venv:providers.bzl", "VenvInfo", "WheelPartsInfo")
load(":venv_part.bzl", "PART_ATTRS", "PYTHONS", "make_parts", "wheel_parts")

_DOC = """One layer with a virtual environment: what `python -m venv` and pip would make of the same wheels.

```starlark
venv_layer(
    name = "train_venv_arm64",
    arch = "arm64",
    python = "3.11",
    python_layer = "//images:python3.11_arm64",
    wheels = ["@wheels//pandas:whl"],
)
```

No program of image or wheels runs, so an environment for arm64 is made on amd64. The hub must have been parsed for
the Python. There is no byte code in the layer: the images tell Python to write none."""

_ATTRS = PART_ATTRS | {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
        values = ["amd64", "arm64"],
    ),
    "like": attr.label(
        doc = "A `venv_layer` of the same Python: what has no wheel is taken from it and not made again.",
        providers = [VenvInfo],
    ),
    "python": attr.string(
        doc = "The Python of the environment.",
        mandatory = True,
        values = PYTHONS,
    ),
    "python_home": attr.string(
        default = "/usr/bin",
        doc = "The folder of Python's program in the image.",
    ),
    "python_layer": attr.label(
        allow_single_file = [".tar.gz"],
        doc = "The layer below that has Python, an `apt_layer` or another one.",
        mandatory = True,
    ),
    "python_release": attr.string(
        doc = "Python's version in full, `3.12.11`, when `python_layer` does not know it.",
    ),
    "wheels": attr.label_list(
        allow_files = [".whl"],
        aspects = [wheel_parts],
        cfg = for_image,
        doc = "What to install: targets `:whl` of pip hubs, whose dependencies follow, and files.",
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
    "_skeleton_tool": attr.label(
        cfg = "exec",
        default = "//tools/venv_skeleton",
        doc = "Makes the part that has no wheel.",
        executable = True,
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/venv_layer",
        doc = "Merges the parts.",
        executable = True,
    ),
}

def _release(ctx):
    """Python's version in full, from Debian's package, the interpreter itself, or as the target says."""
    if AptLayerInfo not in ctx.attr.python_layer:
        if ctx.attr.python_release:
            return ctx.attr.python_release
        layer = ctx.attr.python_layer
        release = layer[InterpreterInfo].release if InterpreterInfo in layer else ""
        if not release:
            fail("{}: python_layer = \"{}\" does not say which Python it has; say it with python_release".format(
                ctx.label,
                ctx.attr.python_layer.label,
            ))
        return release
    apt = ctx.attr.python_layer[AptLayerInfo]
    if apt.arch != ctx.attr.arch:
        fail("{}: arch = \"{}\", but python_layer = \"{}\" is for {}; use the layer for {}".format(
            ctx.label,
            ctx.attr.arch,
            ctx.attr.python_layer.label,
            apt.arch,
            ctx.attr.arch,
        ))
    package = "python{}-minimal".format(ctx.attr.python)
    if package not in apt.packages:
        fail("{}: python_layer = \"{}\" has no {}; use the layer with Python {}".format(
            ctx.label,
            ctx.attr.python_layer.label,
            package,
            ctx.attr.python,
        ))
    return apt.packages[package].partition("-")[0].partition("~")[0]

def _parts(ctx):
    """The parts of all wheels, and of each the flavour that fits: asked for by name, or not."""
    requested = []
    below = []
    for target in ctx.attr.wheels:
        if WheelPartsInfo in target:
            requested.extend(target[WheelPartsInfo].own)
            below.append(target[WheelPartsInfo].parts)
        else:
            requested.extend([
                make_parts(ctx, wheel, ctx.attr.python, "{}/{}".format(ctx.label.name, wheel.basename))
                for wheel in target[DefaultInfo].files.to_list()
            ])
    by_name = {part.wheel: [part.requested_facts, part.requested_part] for part in requested}
    return {part.wheel: [part.facts, part.part] for part in depset(transitive = below).to_list()} | by_name

def _skeleton(ctx, release):
    """Facts and part of what has no wheel: those of the environment that this one is like, or new ones."""
    if ctx.attr.like:
        like = ctx.attr.like[VenvInfo]
        if (like.arch, like.release, like.python_home) != (ctx.attr.arch, release, ctx.attr.python_home):
            fail("{}: like = \"{}\" has Python {} in {} for {}, this one has {} in {} for {}; leave `like` out".format(
                ctx.label,
                ctx.attr.like.label,
                like.release,
                like.python_home,
                like.arch,
                release,
                ctx.attr.python_home,
                ctx.attr.arch,
            ))
        return like.skeleton
    facts = ctx.actions.declare_file(ctx.label.name + ".skeleton.json")
    part = ctx.actions.declare_file(ctx.label.name + ".skeleton.part.tar.gz")
    args = ctx.actions.args()
    args.add("--prefix", VIRTUAL_ENV)
    args.add("--version", release)
    args.add("--home", ctx.attr.python_home)
    args.add("--python-layer", ctx.file.python_layer)
    args.add("--part", part)
    args.add("--facts", facts)
    ctx.actions.run(
        executable = ctx.executable._skeleton_tool,
        arguments = [args],
        inputs = [ctx.file.python_layer],
        outputs = [facts, part],
        mnemonic = "VenvSkeleton",
        progress_message = "Making an empty virtual environment for %{label}",
    )
    return [facts, part]

def _venv_layer_impl(ctx):
    release = _release(ctx)
    by_wheel = _parts(ctx)
    skeleton = _skeleton(ctx, release)
    parts = [skeleton] + by_wheel.values()
    layer = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--version", release)
    args.add("--layer", layer)
    for files in parts:
        args.add_all("--part", files)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [file for files in parts for file in files],
        outputs = [layer],
        mnemonic = "VenvLayer",
        progress_message = "Laying out {} wheels in %{{label}}".format(len(by_wheel)),
    )
    return [
        DefaultInfo(files = depset([layer])),
        OutputGroupInfo(wheels = depset(by_wheel.keys())),
        VenvInfo(
            arch = ctx.attr.arch,
            layers = [layer],
            prefix = VIRTUAL_ENV,
            python = ctx.attr.python,
            python_home = ctx.attr.python_home,
            release = release,
            skeleton = skeleton,
            wheels = by_wheel.keys(),
        ),
    ]

venv_layer = rule(
    implementation = _venv_layer_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [VenvInfo],
)
