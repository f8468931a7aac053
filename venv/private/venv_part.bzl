"""The aspect that makes parts of wheels: one action for each wheel, Python and architecture, whatever uses it.

```starlark
my_layer = rule(
    attrs = {
        "byte_code": attr.bool(),  # the aspect's parameters
        "compression": attr.string(values = sorted(COMPRESSIONS)),
        "python": attr.string(values = PYTHONS),
        "wheels": attr.label_list(aspects = [wheel_parts], cfg = for_image),
    },
    ...
)
```
"""

load("//images:config.bzl", "VIRTUAL_ENV")
load("//tools/common:worker.bzl", "WORKER")
load("//tools/platforms:defs.bzl", "for_image")
load("//venv:providers.bzl", "ByteCompilerInfo", "WheelPartsInfo")

_DOC = "Makes parts of the wheels in filegroups, the targets `:whl` of pip hubs, and of all that `data` leads to."

# The Pythons that environments can be for.
PYTHONS = ["3.{}".format(minor) for minor in range(9, 15)]

# The compressions of layers, and how files of each end.
COMPRESSIONS = {
    "estargz": "tar.gz",
    "gzip": "tar.gz",
    "zstd": "tar.zst",
}

_TOOL = {
    "_part_tool": attr.label(
        cfg = "exec",
        default = "//tools/venv_part",
        doc = "Makes a part of a wheel.",
        executable = True,
    ),
}

_COMPILER = {
    "default": "//tools/byte_code:current",
    "doc": "Compiles the modules.",
    "providers": [ByteCompilerInfo],
}

# Of a rule that makes parts of wheels that no aspect has seen.
PART_ATTRS = _TOOL | {"_byte_compiler": attr.label(cfg = for_image, **_COMPILER)}

_ATTRS = _TOOL | {
    "byte_code": attr.bool(
        default = True,
        doc = "Whether modules are compiled, where there is a compiler.",
    ),
    "compression": attr.string(
        doc = "The compression of the layers.",
        values = sorted(COMPRESSIONS),
    ),
    "python": attr.string(
        doc = "The Python of the environment.",
        values = PYTHONS,
    ),
    # What the aspect sees is in the configuration of the image already.
    "_byte_compiler": attr.label(**_COMPILER),
}

def make_parts(ctx, wheel, compiler, name):
    """Declares the parts of a wheel.

    Args:
        ctx: context of a rule or aspect with the tool, and with `byte_code`, `compression` and `python`.
        wheel: the File.
        compiler: ByteCompilerInfo for the Python.
        name: beginning of the outputs' names.

    Returns:
        A struct as WheelPartsInfo has it.
    """
    facts = ctx.actions.declare_file(name + ".json")
    libraries = ctx.actions.declare_file(name + ".elf.json")
    part = ctx.actions.declare_file("{}.part.{}".format(name, COMPRESSIONS[ctx.attr.compression]))
    byte_code = None
    if ctx.attr.byte_code and compiler.root:
        byte_code = ctx.actions.declare_file("{}.pyc.part.{}".format(name, COMPRESSIONS[ctx.attr.compression]))
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--prefix", VIRTUAL_ENV)
    args.add("--python", ctx.attr.python)
    args.add("--compression", ctx.attr.compression)
    args.add("--part", part)
    args.add("--facts", facts)
    args.add("--libraries", libraries)
    if byte_code:
        args.add_all("--compiler", [compiler.root], expand_directories = False)
        args.add("--byte-code", byte_code)
    args.add(wheel)
    ctx.actions.run(
        executable = ctx.executable._part_tool,
        arguments = [args],
        execution_requirements = WORKER,
        inputs = [wheel] + ([compiler.root] if byte_code else []),
        outputs = [facts, libraries, part] + ([byte_code] if byte_code else []),
        mnemonic = "VenvPart",
        progress_message = "Installing {} for Python {}".format(wheel.basename, ctx.attr.python),
    )
    return struct(
        byte_code = byte_code,
        facts = facts,
        libraries = libraries,
        part = part,
        wheel = wheel,
    )

def _wheel_parts_impl(_target, ctx):
    compiler = ctx.attr._byte_compiler[ByteCompilerInfo]
    suffix = "" if ctx.attr.byte_code else ".plain"
    suffix += "" if ctx.attr.compression == "gzip" else "." + ctx.attr.compression
    own = [
        make_parts(ctx, wheel, compiler, "{}.py{}{}".format(wheel.basename, ctx.attr.python, suffix))
        for wheel in getattr(ctx.rule.files, "srcs", [])
        if wheel.extension == "whl"
    ]
    below = [
        dep[WheelPartsInfo].parts
        for dep in getattr(ctx.rule.attr, "data", [])
        if WheelPartsInfo in dep
    ]
    if not own and not below:
        return []
    return [WheelPartsInfo(own = own, parts = depset(own, transitive = below))]

wheel_parts = aspect(
    implementation = _wheel_parts_impl,
    doc = _DOC,
    attr_aspects = ["data"],
    attrs = _ATTRS,
)
