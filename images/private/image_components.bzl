"""The aspect that tells what an image is made of: one small action for each .deb, wheel and layer of plain files.

```starlark
my_rule = rule(
    attrs = {"image": attr.label(aspects = [image_components])},
    ...
)

def _my_rule_impl(ctx):
    files = ctx.attr.image[ComponentsInfo].files  # JSON of //tools/component
```

Nothing is looked for in the image: what a rule put into it is what the rule's attributes and providers say.
"""

load("//apt:defs.bzl", "AptLayerInfo", "AptSetInfo", "DebInfo")
load("//images:providers.bzl", "InterpreterInfo")
load("//tools/common:worker.bzl", "WORKER")
load("//venv:providers.bzl", "BuiltWheelInfo", "VenvInfo")

ComponentsInfo = provider(
    doc = "What an image, a layer or a part of one is made of.",
    fields = {
        "files": "depset of Files: JSON as of //tools/component for each part.",
        "suites": "depset of strings: the Debian suites of its packages.",
    },
)

_DOC = """Gathers what an image is made of, along the attributes by which rules say it.

An action belongs to the target of the .deb, wheel or layer, so that all images with it share it; it is made when
somebody asks for a bill of materials, and never for an image alone."""

# Where the parts of a target are: images and their layers, packages and their sets, environments and their wheels.
_PARTS = ["base", "data", "debs", "image", "on", "packages", "tars", "venv", "wheels"]

def _component(ctx, name, args, inputs):
    """Declares the action that describes a part; returns its output."""
    output = ctx.actions.declare_file(name + ".component.json")
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--output", output)
    ctx.actions.run(
        mnemonic = "Component",
        progress_message = "Describing " + name,
        executable = ctx.executable._component_tool,
        arguments = [args],
        execution_requirements = WORKER,
        inputs = inputs,
        outputs = [output],
    )
    return output

def _deb(ctx, deb):
    args = ctx.actions.args()
    args.add("--deb", deb.facts)
    args.add("--part", deb.part)
    args.add("--sha256", deb.sha256)
    return _component(ctx, ctx.label.name, args, [deb.facts, deb.part])

def _files(ctx, name, target, more = []):
    """Describes what has no parts that are known here: a layer, a wheel, or an image."""
    args = ctx.actions.args()
    args.add("--name", "{}:{}".format(ctx.label.package, ctx.label.name).removeprefix(":"))
    args.add_all(more)
    args.add_all(target.files, expand_directories = False)

    # The layers in an image's folder may be links to files beside it.
    return _component(ctx, name, args, depset(transitive = [target.files, target.default_runfiles.files]))

def _wheels(ctx):
    """Those of a filegroup: in a pip hub, or of what was built here."""
    built = [each[BuiltWheelInfo] for each in _targets(ctx, ["srcs"]) if BuiltWheelInfo in each]
    sdists = {each.wheel: each.sdist for each in built}
    return [
        _wheel(ctx, file, sdists.get(file))
        for file in getattr(ctx.rule.files, "srcs", [])
        if file.extension == "whl"
    ]

def _wheel(ctx, wheel, sdist = None):
    args = ctx.actions.args()
    if sdist:
        args.add("--sdist", sdist.basename)
    args.add(wheel)
    return _component(ctx, wheel.basename, args, [wheel])

def _interpreter(ctx, target):
    args = ctx.actions.args()
    args.add("--interpreter", target[InterpreterInfo].release)
    args.add_all(target[DefaultInfo].files)
    return _component(ctx, ctx.label.name, args, target[DefaultInfo].files)

def _chosen(ctx, status, packages):
    """Of a set on a pulled image, what its layer has: what the image lacked."""
    args = ctx.actions.args()
    args.add("--status", status)
    args.add_all(packages, before_each = "--of")
    return _component(ctx, ctx.label.name, args, depset([status], transitive = [packages]))

def _installed(ctx, status):
    """The packages of an image, of which its own database tells."""
    args = ctx.actions.args()
    args.add("--status", status)
    return _component(ctx, ctx.label.name, args, [status])

def _targets(ctx, attributes):
    """The targets in some attributes."""
    found = []
    for attribute in attributes:
        value = getattr(ctx.rule.attr, attribute, None)
        found.extend(value if type(value) == "list" else [value])
    return [each for each in found if type(each) == "Target"]

def _described(ctx, attributes, own = [], suites = []):
    """What the targets in some attributes tell, and more."""
    known = [each[ComponentsInfo] for each in _targets(ctx, attributes) if ComponentsInfo in each]
    return ComponentsInfo(
        files = depset(own, transitive = [each.files for each in known]),
        suites = depset(suites, transitive = [each.suites for each in known]),
    )

def _sources(ctx, attributes):
    """The source files in some attributes: they have no aspect, and are described where they are used."""
    return [
        _files(ctx, "{}.{}".format(ctx.label.name, number), each[DefaultInfo])
        for number, each in enumerate(_targets(ctx, attributes))
        if ComponentsInfo not in each
    ]

def _apt(ctx, target):
    """An apt layer, what lies below one, or what stands for one."""
    apt = target[AptLayerInfo]
    suites = [apt.suite] if apt.suite else []
    packages = getattr(ctx.rule.attr, "packages", None)
    if not packages:
        return _described(ctx, ["base", "image"], [_installed(ctx, apt.status)] if apt.pulled else [], suites)
    if not apt.pulled:
        return _described(ctx, ["base", "packages"], suites = suites)
    return _described(ctx, ["base"], [_chosen(ctx, apt.status, packages[ComponentsInfo].files)], suites)

def _image_components_impl(target, ctx):
    attributes = ctx.rule.attr
    if DebInfo in target:
        found = _described(ctx, [], [_deb(ctx, target[DebInfo])])
    elif hasattr(attributes, "tars"):
        found = _described(ctx, ["base", "tars"], _sources(ctx, ["base", "tars"]))
    elif VenvInfo in target or hasattr(attributes, "wheels"):
        found = _described(ctx, ["venv", "wheels"], _sources(ctx, ["wheels"]))
    elif AptSetInfo in target:
        found = _described(ctx, ["debs", "on"])
    elif AptLayerInfo in target:
        found = _apt(ctx, target)
    elif type(getattr(attributes, "image", None)) == "Target":
        found = _described(ctx, ["image"], _sources(ctx, ["image"]))
    elif InterpreterInfo in target and getattr(attributes, "part", "") == "runtime":
        found = _described(ctx, [], [_interpreter(ctx, target)])
    elif BuiltWheelInfo in target:
        found = _described(ctx, [], [_wheel(ctx, target[BuiltWheelInfo].wheel, target[BuiltWheelInfo].sdist)])
    else:
        wheels = _wheels(ctx)
        own = wheels or [_files(ctx, ctx.label.name, target[DefaultInfo])]
        found = _described(ctx, ["data"] if wheels else [], own)
    return [found]

image_components = aspect(
    implementation = _image_components_impl,
    doc = _DOC,
    attr_aspects = _PARTS,
    attrs = {
        "_component_tool": attr.label(
            cfg = "exec",
            default = "//tools/component",
            doc = "Describes a part.",
            executable = True,
        ),
    },
    provides = [ComponentsInfo],
)
