"""Analysis tests of the flags: which image a short name stands for."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

# What is set, and what //images:runtime_py311 is then.
_CASES = {
    "cuda12": ({}, "cuda12_amd64"),
    "cuda12_runtime": ({"cuda_flavour": "runtime"}, "cuda12_runtime_amd64"),
    "cuda13": ({"cuda": "13"}, "cuda13_amd64"),
    "cuda13_runtime": ({"cuda": "13", "cuda_flavour": "runtime"}, "cuda13_runtime_amd64"),
}

def _chosen_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, ctx.attr.chosen, analysistest.target_under_test(env).label.name)
    return analysistest.end(env)

def _test(settings):
    return analysistest.make(
        _chosen_impl,
        attrs = {"chosen": attr.string(doc = "Name of the image that must have been chosen.")},
        config_settings = settings,
    )

def _flags(values):
    return {str(Label("//images:" + flag)): value for flag, value in values.items()} | {
        "//command_line_option:platforms": str(Label("//tools/platforms:linux_amd64")),
    }

_arm64_test = _test({"//command_line_option:platforms": str(Label("//tools/platforms:linux_arm64"))})
_cuda12_runtime_test = _test(_flags(_CASES["cuda12_runtime"][0]))
_cuda12_test = _test(_flags(_CASES["cuda12"][0]))
_cuda13_runtime_test = _test(_flags(_CASES["cuda13_runtime"][0]))
_cuda13_test = _test(_flags(_CASES["cuda13"][0]))

_TESTS = {
    "cuda12": _cuda12_test,
    "cuda12_runtime": _cuda12_runtime_test,
    "cuda13": _cuda13_test,
    "cuda13_runtime": _cuda13_runtime_test,
}

def flag_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    tests = [name + "_arm64"]
    _arm64_test(
        name = tests[0],
        chosen = "runtime_py311_cuda12_arm64",
        target_under_test = "//images:runtime_py311",
    )
    for case, test in _TESTS.items():
        # Analysing NVIDIA's runtime flavour fetches gigabytes: its tests are for who asks.
        manual = case.endswith("_runtime")
        test(
            name = "{}_{}".format(name, case),
            chosen = "runtime_py311_" + _CASES[case][1],
            tags = ["manual"] if manual else [],
            target_under_test = "//images:runtime_py311",
        )
        if not manual:
            tests.append("{}_{}".format(name, case))
    native.test_suite(
        name = name,
        tests = tests,
    )
