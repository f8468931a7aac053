"""Tests of the Python that our programs have where an aspect, or a rule among wheels, starts them.

`for_image` sets the Python of an image, and a program that is an `exec` dependency there is configured for it, too. Images
may have an older Python than our programs can do with, so such a program names its own. One interpreter for all, as
the drop-in has it, would hide what is missing; the configuration does not.
"""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//tools/platforms:defs.bzl", "for_image")

# What programs of ours say that they are for.
_OURS = "3.14"

_PythonsInfo = provider(
    doc = "Pythons of configurations.",
    fields = {"pythons": "dictionary of label to version"},
)

def _python_of_impl(target, ctx):
    return [_PythonsInfo(pythons = {str(target.label): ctx.attr._python_version[BuildSettingInfo].value})]

_python_of = aspect(
    implementation = _python_of_impl,
    doc = "Tells the Python for which a program is configured.",
    attrs = {
        "_python_version": attr.label(
            default = "@rules_python//python/config_settings:python_version",
            doc = "The flag, as the program's own configuration has it.",
        ),
    },
)

def _all_pythons(targets):
    pythons = {}
    for target in targets:
        pythons |= target[_PythonsInfo].pythons
    return [_PythonsInfo(pythons = pythons)]

def _among_wheels_impl(ctx):
    return _all_pythons(ctx.attr.tools)

_among_wheels = rule(
    implementation = _among_wheels_impl,
    doc = "Stands where an aspect finds a wheel.",
    attrs = {"tools": attr.label_list(aspects = [_python_of], cfg = "exec", doc = "The programs.")},
)

def _image_impl(ctx):
    return _all_pythons(ctx.attr.wheels)

_image = rule(
    implementation = _image_impl,
    doc = "Stands for an image's layer.",
    attrs = {
        "arch": attr.string(doc = "Architecture of the image."),
        "python": attr.string(doc = "Python of the image."),
        "wheels": attr.label_list(cfg = for_image, doc = "What is among its wheels."),
    },
)

def _tool_python_test_impl(ctx):
    env = analysistest.begin(ctx)
    pythons = analysistest.target_under_test(env)[_PythonsInfo].pythons
    asserts.true(env, pythons, "no programs")
    for label, python in pythons.items():
        asserts.equals(env, _OURS, python, label + " has the Python of the image; give it python_version")
    return analysistest.end(env)

_tool_python_test = analysistest.make(
    _tool_python_test_impl,
    doc = "Looks at the Python of each program.",
)

def tool_python_tests(name, tools, pythons):
    """Defines a test for each Python of images.

    Args:
      name: name of the test suite.
      tools: the programs.
      pythons: Pythons of images.
    """
    _among_wheels(
        name = name + "_among_wheels",
        tags = ["manual"],
        tools = tools,
    )
    for python in pythons:
        _image(
            name = "{}_{}_image".format(name, python),
            arch = "amd64",
            python = python,
            tags = ["manual"],
            wheels = [name + "_among_wheels"],
        )
        _tool_python_test(
            name = "{}_{}".format(name, python),
            size = "small",
            target_under_test = "{}_{}_image".format(name, python),
        )
    native.test_suite(
        name = name,
        tests = ["{}_{}".format(name, python) for python in pythons],
    )
