"""Uses of container_structure_test that must not be analysed."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("@container_structure_test//:defs.bzl", "container_structure_test")

def _mistake_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, ctx.attr.message)
    return analysistest.end(env)

_mistake_test = analysistest.make(
    _mistake_test_impl,
    attrs = {"message": attr.string(mandatory = True, doc = "Part of the error.")},
    expect_failure = True,
)

def mistake_test(name, message, **kwargs):
    """Passes when a container_structure_test fails to be analysed.

    Args:
      name: name of the test.
      message: part of the error, which the real rule's error has too.
      **kwargs: attributes of the container_structure_test.
    """
    container_structure_test(
        name = name + "_subject",
        tags = ["manual"],
        **kwargs
    )
    _mistake_test(
        name = name,
        size = "small",
        message = message,
        target_under_test = name + "_subject",
    )
