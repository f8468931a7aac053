"""Tests of a suite's layers, those of the images."""

load("//images:names.bzl", "build_layers", "debian_layer", "python_layer")
load("//tools/pytest:defs.bzl", "pytest_test")
load("//tools/testing:network_env.bzl", "NETWORK_ENV")

# How many layers an image for running Python has, and one for building packages.
_STACKS = {
    "root": 2,
    "devel_root": 4,
}

def _layers(suite, python, arch):
    """The layers, each on the one before: a label, and the set of the lock."""
    names = {
        debian_layer(suite, arch): "base",
        python_layer(python, arch): "python" + python,
    } | build_layers(python, arch)
    return {"//images:" + name: set for name, set in names.items()}

def suite_tests(name, python, tags = []):
    """Defines tests of the layers for both architectures; those for amd64 are started.

    Args:
      name: name of a lock and its suite, such as `bookworm`.
      python: Python's version in the suite, such as `3.11`.
      tags: tags of all these targets.
    """
    sets = _layers(name, python, "amd64").values()
    layers = {arch: _layers(name, python, arch).keys() for arch in ["amd64", "arm64"]}
    env = {"PYTHON_VERSION": python, "SUITE": name}

    # As root these tests give files away and become other users, which a sandbox does not allow.
    for stack, height in _STACKS.items():
        _suite_test(
            name = "{}_{}_test".format(name, stack),
            src = "root_test.py",
            size = "medium" if height == 2 else "large",
            env = env | {"SETS": " ".join(["essential"] + sets[:height])},
            files = {
                "EXCLUDES": ["//apt/policy:path-excludes.json"],
                "LAYERS": layers["amd64"][:height],
                "LOCK": ["//apt/locks:{}.json".format(name)],
            },
            tags = tags + ["no-sandbox"],
        )
    _suite_test(
        name = name + "_compile_test",
        src = "compile_test.py",
        env = env,
        files = {"LAYERS": layers["amd64"]},
        tags = tags + ["no-sandbox"],
    )
    _suite_test(
        name = name + "_links_test",
        src = "links_test.py",
        env = env,
        files = {"AMD64": layers["amd64"], "ARM64": layers["arm64"]},
        tags = tags,
    )
    _suite_test(
        name = name + "_install_test",
        src = "install_test.py",
        env = env,
        files = {
            "BASE": layers["amd64"][:1],
            "MIRRORS": ["@apt_mirrors//:mirrors.json"],
        },
        tags = tags + ["external", "no-sandbox", "requires-network"],
    )

def _suite_test(name, src, env, files, tags, size = "medium"):
    pytest_test(
        name = name,
        size = size,
        srcs = [src],
        data = [label for labels in files.values() for label in labels],
        env = env | {
            key: " ".join(["$(rlocationpath {})".format(label) for label in labels])
            for key, labels in files.items()
        },
        env_inherit = NETWORK_ENV if "requires-network" in tags else [],
        tags = tags,
        target_compatible_with = ["@platforms//cpu:x86_64"],
        deps = [":roots", "//tools/deb_part:lib"],
    )
