"""Analysis tests of sdist_wheel: the wheel's name, what the action is told, and that it is one action for all.

Their subjects are tagged manual: some must not be analysed, and none is there to be built.
"""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//tools/platforms:defs.bzl", "for_image")
load("//tools/testing:fails_test.bzl", "fails_test")
load("//venv:defs.bzl", "sdist_wheel", "sdist_wheels")

def _layout_impl(ctx):
    layout = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run(executable = "false", outputs = [layout])
    return [DefaultInfo(files = depset([layout]))]

_layout = rule(
    implementation = _layout_impl,
    doc = "Stands for an image: a folder that some action makes.",
)

def _told_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(
        env,
        ["some_pkg-1.0-cp39-cp39-linux_aarch64.whl"],
        [file.basename for file in target.files.to_list()],
    )
    (action,) = [action for action in analysistest.target_actions(env) if action.mnemonic == "SdistWheel"]
    told = " ".join(action.argv[1:])
    for words in [
        "--python 3.9 --arch arm64",
        "--wheel tests/sdist/backend-1-py3-none-any.whl",
        "--env=CFLAGS=-O3 -g0",
        "--setting=key=a=b",
    ]:
        asserts.true(env, words in told, "{} is not in {}".format(words, told))
    inputs = [file.basename for file in action.inputs.to_list()]
    for name in ["image", "Some.Pkg-1.0.tar.gz", "backend-1-py3-none-any.whl"]:
        asserts.true(env, name in inputs, name + " is no input")
    return analysistest.end(env)

_told_test = analysistest.make(_told_impl)

def _through_image_impl(ctx):
    return [DefaultInfo(files = depset(ctx.files.wheels))]

_through_image = rule(
    implementation = _through_image_impl,
    doc = "Asks for wheels as an image's environment does.",
    attrs = {
        "arch": attr.string(doc = "The image's architecture."),
        "python": attr.string(doc = "The image's Python."),
        "wheels": attr.label_list(cfg = for_image, doc = "The wheels."),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "What Bazel asks of a rule with a transition.",
        ),
    },
)

def _chosen_impl(ctx):
    env = analysistest.begin(ctx)
    chosen = analysistest.target_under_test(env).files.to_list()
    asserts.equals(env, [file.path for file in ctx.files.expected], [file.path for file in chosen])
    return analysistest.end(env)

# The same path means: the same action, whoever asks for it, with the same images that others use.
_chosen_test = analysistest.make(
    _chosen_impl,
    attrs = {"expected": attr.label(allow_files = True, doc = "The wheel as it is named by itself.")},
)

def _choices(name):
    sdist_wheels(
        name = "chosen",
        build_roots = {
            "amd64": ":image",
            "arm64": ":image",
        },
        prebuilt = {"py311_arm64": "given-1-py3-none-any.whl"},
        pythons = ["3.9", "3.11"],
        sdist = "Some.Pkg-1.0.tar.gz",
        tags = ["manual"],
    )
    tests = []
    for arch, python, expected in [
        ("amd64", "3.9", "chosen_py39_amd64"),
        ("arm64", "3.9", "chosen_py39_arm64"),
        ("amd64", "3.11", "chosen_py311_amd64"),
        ("arm64", "3.11", "given-1-py3-none-any.whl"),
    ]:
        subject = "through_{}_{}".format(python, arch)
        _through_image(
            name = subject,
            arch = arch,
            python = python,
            tags = ["manual"],
            wheels = [":chosen"],
        )
        tests.append("{}_{}".format(name, subject))
        _chosen_test(name = tests[-1], expected = expected, target_under_test = subject)
    return tests

def sdist_wheel_analysis_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    _layout(name = "image", tags = ["manual"])
    common = {"arch": "arm64", "python": "3.9", "tags": ["manual"]}
    sdist_wheel(
        name = "told",
        build_root = ":image",
        config_settings = {"key": "a=b"},
        env = {"CFLAGS": "-O3 -g0"},
        requires = ["backend-1-py3-none-any.whl"],
        sdist = "Some.Pkg-1.0.tar.gz",
        **common
    )
    tests = [name + "_told"]
    _told_test(name = tests[-1], target_under_test = "told")
    for subject, sdist, build_root, message in [
        ("unnamed", "source.tar.gz", ":image", "is the file source.tar.gz, which is not called NAME-VERSION.tar.gz"),
        ("rootless", "Some.Pkg-1.0.tar.gz", "building.py", "has 1 files; give an oci_image, which is one directory"),
    ]:
        sdist_wheel(name = subject, build_root = build_root, sdist = sdist, **common)
        tests.append("{}_{}".format(name, subject))
        fails_test(name = tests[-1], messages = [message], target_under_test = subject)
    native.test_suite(name = name, tests = tests + _choices(name))
