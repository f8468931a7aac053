"""Analysis tests of --//images:sbom: whether a push takes the documents about its images along."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//images/private:image_push.bzl", "ImagePushInfo")

def _referrers_impl(ctx):
    env = analysistest.begin(ctx)
    images = analysistest.target_under_test(env)[ImagePushInfo].images.to_list()
    found = [file.basename for image in images for file in image.referrers.to_list()]
    asserts.equals(env, sorted(ctx.attr.referrers), sorted(found))
    return analysistest.end(env)

_ATTRS = {"referrers": attr.string_list(doc = "Names of what the push takes along.")}

_plain_test = analysistest.make(_referrers_impl, attrs = _ATTRS)

_sbom_test = analysistest.make(
    _referrers_impl,
    attrs = _ATTRS,
    config_settings = {str(Label("//images:sbom")): True},
)

def sbom_flag_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    image = "base_bookworm"
    _plain_test(
        name = name + "_plain",
        target_under_test = "//images:{}_push".format(image),
    )
    _sbom_test(
        name = name + "_sbom",
        referrers = ["{}_{}_sbom.referrers".format(image, arch) for arch in ["amd64", "arm64"]],
        target_under_test = "//images:{}_push".format(image),
    )
    native.test_suite(
        name = name,
        tests = [name + "_plain", name + "_sbom"],
    )
