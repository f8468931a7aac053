"""The aspect that makes parts of wheels: one action for each wheel, Python and architecture, whatever uses it.

```starlark
my_layer = rule(
    attrs = {
        "python": attr.string(values = PYTHONS),  # the aspect's parameter
        "wheels": attr.label_list(aspects = [wheel_parts], cfg = for_image),
    },
    ...
)
```
"""

load("//images:config.bzl", "VIRTUAL_ENV")
load("//venv:providers.bzl", "WheelPartsInfo")

_DOC = "Makes parts of the wheels in filegroups, the targets `:whl` of pip hubs, and of all that `data` leads to."

# The Pythons that environments can be for.
PYTHONS = ["3.{}".format(minor) for minor in range(9, 15)]

PART_ATTRS = {
    "_part_tool": attr.label(
        cfg = "exec",
        default = "//tools/venv_part",
        doc = "Makes a part of a wheel.",
        executable = True,
    ),
}

_ATTRS = PART_ATTRS | {
    "python": attr.string(
        doc = "The Python of the environment.",
        values = PYTHONS,
    ),
}

def make_parts(ctx, wheel, python, name):
    """Declares the parts of a wheel.

    Args:
        ctx: context of a rule or aspect with PART_ATTRS.
        wheel: the File.
        python: the Python, `3.11`.
        name: beginning of the outputs' names.

    Returns:
        A struct as WheelPartsInfo has it.
    """
    facts, part = _make_part(ctx, wheel, python, name, requested = False)
    requested_facts, requested_part = _make_part(ctx, wheel, python, name + ".requested", requested = True)
    return struct(
        facts = facts,
        part = part,
        requested_facts = requested_facts,
        requested_part = requested_part,
        wheel = wheel,
    )

def _make_part(ctx, wheel, python, name, requested):
    facts = ctx.actions.declare_file(name + ".json")
    part = ctx.actions.declare_file(name + ".part.tar.gz")
    args = ctx.actions.args()
    args.add("--prefix", VIRTUAL_ENV)
    args.add("--python", python)
    if requested:
        args.add("--requested")
    args.add("--part", part)
    args.add("--facts", facts)
    args.add(wheel)
    ctx.actions.run(
        executable = ctx.executable._part_tool,
        arguments = [args],
        inputs = [wheel],
        outputs = [facts, part],
        mnemonic = "VenvPart",
        progress_message = "Installing {} for Python {}".format(wheel.basename, python),
    )
    return facts, part

def _wheel_parts_impl(_target, ctx):
    own = [
        make_parts(ctx, wheel, ctx.attr.python, "{}.py{}".format(wheel.basename, ctx.attr.python))
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
