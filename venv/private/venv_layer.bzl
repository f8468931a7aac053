"""Rule that makes layers with a virtual environment, and their actions."""

load("//images:config.bzl", "VIRTUAL_ENV")
load("//tools/common:worker.bzl", "WORKER")
load("//tools/layer:providers.bzl", "LayerAnnotationsInfo")
load("//tools/platforms:defs.bzl", "for_image")
load("//venv:providers.bzl", "ByteCompilerInfo", "VenvInfo", "WheelPartsInfo")
load(":layer_groups.bzl", "distribution", "layer_groups")
load(":python_release.bzl", "glibc", "python_release")
load(":venv_part.bzl", "COMPRESSIONS", "PART_ATTRS", "PYTHONS", "make_parts", "wheel_parts")

_DOC = """Layers with a virtual environment: what `python -m venv` and pip would make of the same wheels.

```starlark
venv_layer(
    name = "train_venv_arm64",
    arch = "arm64",
    layers = {"science": ["numpy", "scipy"]},  # the rest is one more
    python = "3.11",
    python_layer = "//images:python3.11_arm64",
    wheels = ["@wheels//pandas:whl"],
)
```

No program of image or wheels runs but for the image's Python, made to run on this machine, which compiles the modules;
so an environment for arm64 is made on amd64. The hub must have been parsed for the Python."""

_ATTRS = PART_ATTRS | {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
        values = ["amd64", "arm64"],
    ),
    "allow_duplicates": attr.string_list(
        doc = "Paths in the image, `*` for anything, that may be in two wheels and differ. The one in the upper layer " +
              "counts; within a layer, that of the distribution whose name comes last.",
    ),
    "byte_code": attr.bool(
        default = True,
        doc = "Whether modules are compiled, where there is a compiler: for Debian's Pythons, 3.9, 3.11 and 3.13. Without, " +
              "layers are smaller and programs start more slowly.",
    ),
    "compression": attr.string(
        default = "gzip",
        doc = "`gzip` takes what the wheels have, so it costs next to nothing; `zstd` compresses anew and is smaller; " +
              "`estargz` is gzip with a table of contents, for snapshotters that start before the pull ends.",
        values = sorted(COMPRESSIONS),
    ),
    "layers": attr.string_list_dict(
        doc = "Layers by name, the lowest first, each with its distributions: names, `*` for anything. All that no " +
              "layer names is in one more, on top.",
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
    "_check_tool": attr.label(
        cfg = "exec",
        default = "//tools/venv_check",
        doc = "Checks that the parts go together.",
        executable = True,
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/venv_layer",
        doc = "Merges the parts.",
        executable = True,
    ),
}

def _parts(ctx):
    """The parts of all wheels, and which wheels were asked for by name."""
    compiler = ctx.attr._byte_compiler[0][ByteCompilerInfo]
    requested = []
    below = []
    for target in ctx.attr.wheels:
        if WheelPartsInfo in target:
            requested.extend(target[WheelPartsInfo].own)
            below.append(target[WheelPartsInfo].parts)
        else:
            requested.extend([
                make_parts(ctx, wheel, compiler, "{}/{}".format(ctx.label.name, wheel.basename))
                for wheel in target[DefaultInfo].files.to_list()
            ])
    parts = {part.wheel: part for part in depset(transitive = below).to_list() + requested}
    return parts.values(), {part.wheel: None for part in requested}

def _skeleton(ctx, release):
    """What has no wheel, that of the environment that this one is like, or new: [facts, part], and libraries."""
    if ctx.attr.like:
        like = ctx.attr.like[VenvInfo]
        theirs = (like.release, like.python_home, like.arch, like.compression)
        mine = (release, ctx.attr.python_home, ctx.attr.arch, ctx.attr.compression)
        if theirs != mine:
            fail("{}: like = \"{}\" has Python {} in {} for {} in {}, this one has {} in {} for {} in {}; {}".format(
                ctx.label,
                ctx.attr.like.label,
                *(theirs + mine + ("leave `like` out",))
            ))
        return like.skeleton, like.links
    facts = ctx.actions.declare_file(ctx.label.name + ".skeleton.json")
    libraries = ctx.actions.declare_file(ctx.label.name + ".skeleton.elf.json")
    part = ctx.actions.declare_file("{}.skeleton.part.{}".format(ctx.label.name, COMPRESSIONS[ctx.attr.compression]))
    args = ctx.actions.args()
    args.add("--prefix", VIRTUAL_ENV)
    args.add("--version", release)
    args.add("--home", ctx.attr.python_home)
    args.add("--python-layer", ctx.file.python_layer)
    args.add("--compression", ctx.attr.compression)
    args.add("--part", part)
    args.add("--facts", facts)
    args.add("--libraries", libraries)
    ctx.actions.run(
        executable = ctx.executable._skeleton_tool,
        arguments = [args],
        inputs = [ctx.file.python_layer],
        outputs = [facts, libraries, part],
        mnemonic = "VenvSkeleton",
        progress_message = "Making an empty virtual environment for %{label}",
    )
    return [facts, part], libraries

def _check(ctx, release, skeleton, parts):
    """Validates all layers together; returns the File that says so."""
    ok = ctx.actions.declare_file(ctx.label.name + ".checked")
    facts = [skeleton[0]] + [part.facts for part in parts]
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--version", release)
    args.add("--arch", ctx.attr.arch)
    args.add("--glibc", glibc(ctx))
    args.add_all(ctx.attr.allow_duplicates, before_each = "--allow")
    args.add("--ok", ok)
    args.add_all(facts)
    ctx.actions.run(
        executable = ctx.executable._check_tool,
        arguments = [args],
        inputs = facts,
        outputs = [ok],
        mnemonic = "VenvCheck",
        progress_message = "Checking that {} wheels go together in %{{label}}".format(len(parts)),
    )
    return ok

def _layer(ctx, name, skeleton, parts, requested):
    """Merges parts into one layer, with the skeleton if there is one; returns it, its descriptor and annotations."""
    stem = ctx.label.name + ("." + name if name else "")
    layer = ctx.actions.declare_file("{}.{}".format(stem, COMPRESSIONS[ctx.attr.compression]))
    annotations = ctx.actions.declare_file(stem + ".annotations.json") if ctx.attr.compression == "estargz" else None
    descriptor = ctx.actions.declare_file(layer.basename + ".descriptor.json")
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--layer", layer)
    args.add("--descriptor", descriptor)
    args.add("--label", ctx.label)
    args.add("--compression", ctx.attr.compression)
    if annotations:
        args.add("--annotations", annotations)
    args.add_all("--part", skeleton)
    inputs = list(skeleton)
    for part in parts:
        files = [part.facts, part.part] + ([part.byte_code] if part.byte_code else [])
        args.add_all("--requested" if part.wheel in requested else "--part", files)
        inputs.extend(files)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        execution_requirements = WORKER,
        inputs = inputs,
        outputs = [layer, descriptor] + ([annotations] if annotations else []),
        mnemonic = "VenvLayer",
        progress_message = "Laying out {} wheels in %{{label}}{}".format(len(parts), name and " ({})".format(name)),
    )
    return struct(annotations = annotations, descriptor = descriptor, layer = layer)

def _grouped(ctx, parts):
    """The parts of each layer, by its name; the rest is last."""
    names = {distribution(part.wheel): None for part in parts}.keys()
    groups, problem = layer_groups(names, ctx.attr.layers)
    if problem:
        fail("{}: layers: {}".format(ctx.label, problem))
    home = {name: group for group, members in groups.items() for name in members}
    return {
        group: [part for part in parts if home[distribution(part.wheel)] == group]
        for group in groups
    }

def _venv_layer_impl(ctx):
    release = python_release(ctx)
    parts, requested = _parts(ctx)
    skeleton, links = _skeleton(ctx, release)
    libraries = depset([links] + [part.libraries for part in parts], order = "postorder")
    groups = _grouped(ctx, parts)
    layers = [
        _layer(ctx, name, [] if name else skeleton, members, requested)
        for name, members in groups.items()
    ]
    wheels = [part.wheel for part in parts]
    return [
        DefaultInfo(files = depset([each.layer for each in layers])),
        OutputGroupInfo(
            _validation = depset([_check(ctx, release, skeleton, parts)]),
            annotations = depset([each.annotations for each in layers if each.annotations]),
            facts = depset([part.facts for part in parts]),
            libraries = libraries,
            oci_descriptors = depset([each.descriptor for each in layers]),
            wheels = depset(wheels),
        ),
        LayerAnnotationsInfo(files = depset([each.annotations for each in layers if each.annotations])),
        VenvInfo(
            arch = ctx.attr.arch,
            byte_code = None not in [part.byte_code for part in parts],
            compression = ctx.attr.compression,
            groups = groups,
            layers = [each.layer for each in layers],
            libraries = libraries,
            links = links,
            prefix = VIRTUAL_ENV,
            python = ctx.attr.python,
            python_home = ctx.attr.python_home,
            release = release,
            skeleton = skeleton,
            wheels = wheels,
        ),
    ]

venv_layer = rule(
    implementation = _venv_layer_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [LayerAnnotationsInfo, VenvInfo],
)
