"""An analysis test of a target that must be refused.

    load("//tools/testing:fails_test.bzl", "fails_test")

    fails_test(
        name = "refuses_other_python",
        messages = ["has no python3.9-minimal"],
        target_under_test = ":subject",  # tagged manual
    )
"""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _fails_test_impl(ctx):
    env = analysistest.begin(ctx)
    for message in ctx.attr.messages:
        asserts.expect_failure(env, message)
    return analysistest.end(env)

fails_test = analysistest.make(
    _fails_test_impl,
    attrs = {"messages": attr.string_list(doc = "What the error must say.", mandatory = True)},
    expect_failure = True,
)
