"""Analysis tests of interpreter_layer: what is said of a Python that cannot be had."""

load("//images:config.bzl", "RUNTIMES")
load("//images/private:availability.bzl", "FETCHED")
load("//images/private:interpreter_layer.bzl", "interpreter_layer")
load("//tools/testing:fails_test.bzl", "fails_test")

_NO_DOWNLOADS = [
    "the stand-in for rules_python in airgap/ has none",
    "build with bazel or Bazelisk on PATH",
    "3.9, 3.11, 3.13;",
    "images/README.md",
]

def interpreter_analysis_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """

    # A version that nobody has, and where no interpreter can be fetched all that are not Debian's.
    pythons = ["3.99"]
    if not FETCHED:
        pythons += [row.python for row in RUNTIMES if row.interpreter == "rules_python"]
    tests = []
    for python in pythons:
        layer = "missing{}_arm64".format(python)
        interpreter_layer(
            name = layer,
            arch = "arm64",
            python = python,
            tags = ["manual"],
        )
        messages = ['{}: python = "{}": '.format(layer, python)]
        if FETCHED:
            messages.append('Add "{}" to PYTHONS in MODULE.bazel'.format(python))
        else:
            messages.append("there is no Python {} for linux/arm64 here".format(python))
            messages += _NO_DOWNLOADS
        tests.append("{}_{}".format(name, python))
        fails_test(
            name = tests[-1],
            messages = messages,
            target_under_test = layer,
        )
    native.test_suite(
        name = name,
        tests = tests,
    )
