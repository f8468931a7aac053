"""Analysis tests of apt_layer: what may lie on what.

Their subjects are tagged manual: some must not be analysed, and none has a .deb to be built from.
"""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//apt:defs.bzl", "AptLayerInfo")
load("//apt/private:apt_layer.bzl", "apt_layer_rule")
load("//apt/private:apt_set.bzl", "apt_set")
load("//apt/private:deb_part.bzl", "deb_part")
load("//apt/private:missing_set.bzl", "missing_set")
load("//tools/testing:fails_test.bzl", "fails_test")

def _adds_impl(ctx):
    env = analysistest.begin(ctx)
    layer = analysistest.target_under_test(env)
    asserts.equals(env, {"one": "1", "two": "1"}, layer[AptLayerInfo].packages)
    (action,) = [action for action in analysistest.target_actions(env) if action.mnemonic == "AptLayer"]
    names = [file.basename for file in action.inputs.to_list()]
    asserts.true(env, "own_scripts.json" in names and "scripts.json" in names, "both policies of scripts are read")
    parts = [file.basename for file in action.inputs.to_list() if file.basename.endswith(".part.tar.gz")]
    asserts.equals(env, ["two_1.part.tar.gz"], parts)
    return analysistest.end(env)

_adds_test = analysistest.make(_adds_impl)

def _set(name, debs, arch = "amd64", suite = "bookworm", **kwargs):
    apt_set(
        name = "{}.{}".format(name, arch),
        arch = arch,
        components = ["main"],
        debs = debs,
        lock = "test",
        suite = suite,
        tags = ["manual"],
        **kwargs
    )

def apt_layer_analysis_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    for package, version in [("one", "1"), ("one", "2"), ("two", "1")]:
        deb_part(
            name = "{}_{}".format(package, version),
            architecture = "amd64",
            deb = "none.deb",
            package = package,
            refresh = "./refresh",
            sha256 = "",
            tags = ["manual"],
            version = version,
        )
    _set("one", [":one_1"])
    _set("newer", [":one_2"])
    _set("both", [":one_1", ":two_1"], scripts = ["own_scripts.json"])
    _set("one", [":one_1"], arch = "arm64")
    _set("trixie", [":one_1"], suite = "trixie")
    for base, arch in [("one", "amd64"), ("one", "arm64"), ("newer", "amd64"), ("trixie", "amd64")]:
        _layer("base_{}_{}".format(base, arch), base, arch)
    tests = []
    for base, messages in {
        "base_newer_amd64": [
            "one is 1 in the lock @test and 2 in the base",
            "base_newer_amd64, of the lock @test; write both locks anew",
        ],
        "base_one_arm64": ["has the architecture arm64, the packages have amd64"],
        "base_trixie_amd64": ["has the suite trixie, the packages have bookworm; take a lock for trixie, or write @test anew: "],
    }.items():
        _layer("on_" + base, "both", "amd64", base)
        tests.append("{}_refuses_{}".format(name, base))
        fails_test(name = tests[-1], messages = messages, target_under_test = "on_" + base)
    missing_set(
        name = "both.riscv64",
        arch = "riscv64",
        known = ["amd64", "arm64"],
        lock = "test",
        refresh = "./refresh",
        tags = ["manual"],
    )
    _layer("riscv", "both", "riscv64")
    tests.append(name + "_names_an_architecture_that_the_lock_lacks")
    fails_test(
        name = tests[-1],
        messages = ["both.riscv64: the lock @test has no packages for arch = \"riscv64\", only for amd64, arm64."],
        target_under_test = "riscv",
    )
    _layer("on_base", "both", "amd64", "base_one_amd64")
    tests.append(name + "_adds_what_the_base_lacks")
    _adds_test(name = tests[-1], target_under_test = "on_base")
    native.test_suite(name = name, tests = tests)

def _layer(name, packages, arch, base = None):
    apt_layer_rule(
        name = name,
        base = base,
        packages = "{}.{}".format(packages, arch),
        tags = ["manual"],
    )
