"""Analysis tests of venv_layer: what goes into a layer, and which layers of Python are refused.

Their subjects are tagged manual: some must not be analysed, and none has a Python to be built from.
"""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//apt/private:apt_layer.bzl", "apt_layer_rule")  # buildifier: disable=bzl-visibility
load("//apt/private:apt_set.bzl", "apt_set")  # buildifier: disable=bzl-visibility
load("//tools/testing:fails_test.bzl", "fails_test")
load("//venv:defs.bzl", "VenvInfo", "venv_layer")

_PLAIN = "python.tar.gz"

def _layer_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[VenvInfo]
    asserts.equals(env, ("arm64", "3.9"), (info.arch, info.python))
    asserts.equals(env, target.files.to_list(), info.layers)
    asserts.equals(env, ["own", "packaging", "wheel"], sorted([wheel.basename.split("-")[0] for wheel in info.wheels]))
    actions = [action for action in analysistest.target_actions(env) if action.mnemonic == "VenvLayer"]
    asserts.equals(env, ["layer.tools.tar.gz", "layer.tar.gz"], [file.basename for file in info.layers])

    # Of each wheel its files and its byte code; of the environment without wheels, what it has.
    for action, parts in zip(actions, [["wheel"] * 2, ["layer", "own", "own", "packaging", "packaging"]]):
        files = [file.basename for file in action.inputs.to_list() if file.basename.endswith(".part.tar.gz")]
        asserts.equals(env, parts, sorted([file.split("-")[0].split(".")[0] for file in files]))

    # What was named is requested; what only follows is not.
    for action, named in zip(actions, [1, 1]):
        asserts.equals(env, named, len([each for each in action.argv if each == "--requested"]))
    return analysistest.end(env)

_layer_test = analysistest.make(_layer_impl)

def venv_layer_analysis_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    for arch in ["amd64", "arm64"]:
        apt_set(
            name = "empty." + arch,
            arch = arch,
            components = ["main"],
            lock = "test",
            suite = "bookworm",
            tags = ["manual"],
        )
        apt_layer_rule(
            name = "empty_" + arch,
            packages = "empty." + arch,
            tags = ["manual"],
        )
    tests = []
    for python_layer, message in {
        ":empty_amd64": "has no python3.9-minimal; use the layer with Python 3.9",
        ":empty_arm64": "is for arm64; use the layer for amd64",
        _PLAIN: "does not say which Python it has; say it with python_release",
    }.items():
        subject = "on_" + python_layer.strip(":")
        venv_layer(
            name = subject,
            arch = "amd64",
            python = "3.9",
            python_layer = python_layer,
            tags = ["manual"],
        )
        tests.append("{}_refuses_{}".format(name, subject))
        fails_test(name = tests[-1], messages = [message], target_under_test = subject)
    for subject, (layers, message) in {
        "misspelt": ({"a": ["whel"]}, "\"whel\" in the layer \"a\" is no distribution of this environment; did you mean wheel?"),
        "nothing_like_it": ({"a": ["torch-*"]}, "is no distribution of this environment; it has packaging, wheel"),
        "taken": ({"a": ["wh*"], "b": ["wheel"]}, "nothing is left for the layer \"b\""),
        "too_many": ({str(number): ["wheel"] for number in range(127)}, "has 127 layers and one for the rest; images can have 127"),
    }.items():
        venv_layer(
            name = subject,
            arch = "amd64",
            layers = layers,
            python = "3.9",
            python_layer = _PLAIN,
            python_release = "3.9.2",
            tags = ["manual"],
            wheels = ["@vanilla//wheel:whl"],
        )
        tests.append("{}_refuses_{}".format(name, subject))
        fails_test(name = tests[-1], messages = [message], target_under_test = subject)
    venv_layer(
        name = "layer",
        arch = "arm64",
        layers = {"tools": ["wheel"]},
        python = "3.9",
        python_layer = _PLAIN,
        python_release = "3.9.2",
        tags = ["manual"],
        wheels = ["own-1-py3-none-any.whl", "@vanilla//wheel:whl"],
    )
    tests.append(name + "_layer")
    _layer_test(name = tests[-1], target_under_test = "layer")
    native.test_suite(name = name, tests = tests)
