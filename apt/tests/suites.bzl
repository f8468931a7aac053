"""The layers of a suite, and the tests that start them."""

load("//apt:defs.bzl", "apt_layer")
load("//tools/pytest:defs.bzl", "pytest_test")

# The layers of a suite, each on the one before: a name, and the set of the lock.
_LAYERS = {
    "base": "base",
    "python": "python{python}",
    "devel": "devel",
    "rust": "rust",
}

# What is stacked in an image for running Python, and in one for building packages.
_STACKS = {
    "root": ["base", "python"],
    "devel_root": ["base", "python", "devel", "rust"],
}

def suite_tests(name, python, tags = []):
    """Defines layers for both architectures, and tests of them; those for amd64 are started.

    Args:
      name: name of a lock and its suite, such as `bookworm`.
      python: Python's version in the suite, such as `3.11`.
      tags: tags of all these targets.
    """
    layers = {}
    for arch in ["amd64", "arm64"]:
        base = None
        layers[arch] = []
        for layer, set in _LAYERS.items():
            target = "{}_{}_{}".format(name, layer, arch)
            apt_layer(
                name = target,
                arch = arch,
                base = base,
                lock = "@" + name,
                set = set.format(python = python),
                tags = tags,
            )
            base = target
            layers[arch].append(":" + target)
    env = {"PYTHON_VERSION": python, "SUITE": name}

    # As root these tests give files away and become other users, which a sandbox does not allow.
    for stack, parts in _STACKS.items():
        _suite_test(
            name = "{}_{}_test".format(name, stack),
            src = "root_test.py",
            size = "medium" if len(parts) == 2 else "large",
            env = env | {"SETS": " ".join(["essential"] + [_LAYERS[each].format(python = python) for each in parts])},
            files = {
                "EXCLUDES": ["//apt/policy:path-excludes.json"],
                "LAYERS": layers["amd64"][:len(parts)],
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
        tags = tags,
        deps = [":roots", "//tools/deb_part:lib"],
    )
