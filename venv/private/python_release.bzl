"""What Python and glibc are below a virtual environment, as the layer with the Python says."""

load("//apt:defs.bzl", "AptLayerInfo")
load("//images:providers.bzl", "InterpreterInfo")

def python_release(ctx):
    """Python's version in full, from Debian's package, the interpreter itself, or as the target says.

    Args:
        ctx: context of a rule with the attributes `python`, `python_layer`, `python_release` and `arch`.

    Returns:
        A string, such as 3.11.2.
    """
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

def glibc(ctx):
    """The version of the image's glibc, from Debian's package.

    Args:
        ctx: context of a rule with the attribute `python_layer`.

    Returns:
        A string, such as 2.36; empty when it is not known.
    """
    if AptLayerInfo not in ctx.attr.python_layer:
        return ""
    version = ctx.attr.python_layer[AptLayerInfo].packages.get("libc6", "")
    return version.partition(":")[2 if ":" in version else 0].partition("-")[0]
