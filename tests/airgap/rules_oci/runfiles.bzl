"""What a program of rules_oci brings along: the layers too, for a layout only has links to them.

On one machine the links lead somewhere anyway; a remote worker has the runfiles and nothing else.
"""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

def _runfiles_test_impl(ctx):
    env = analysistest.begin(ctx)
    runfiles = analysistest.target_under_test(env)[DefaultInfo].default_runfiles.files
    names = {file.basename: None for file in runfiles.to_list()}
    for name in ctx.attr.names:
        asserts.true(env, name in names, "%s is not in the runfiles: %s" % (name, names.keys()))
    return analysistest.end(env)

runfiles_test = analysistest.make(
    _runfiles_test_impl,
    attrs = {"names": attr.string_list(mandatory = True, doc = "Names of files that must be there.")},
)
