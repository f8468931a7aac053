"""The layers of a suite, and the tests that start them."""

load("//apt:defs.bzl", "apt_layer")
load("//tools/pytest:defs.bzl", "pytest_test")

# The layers of a suite, each on the one before: a name, and the set of the lock.
_LAYERS = [
    ("base", "base"),
    ("python", "python{python}"),
    ("devel", "devel"),
    ("rust", "rust"),
]

def suite_tests(name, python, tags = []):
    """Defines layers for both architectures, and tests of those for amd64.

    Args:
      name: name of a lock and its suite, such as `bookworm`.
      python: Python's version in the suite, such as `3.11`.
      tags: tags of all these targets.
    """

    # No test starts the arm64 layers, so test //... need not fetch their packages.
    for arch in ["amd64", "arm64"]:
        base = None
        for layer, set in _LAYERS:
            apt_layer(
                name = "{}_{}_{}".format(name, layer, arch),
                arch = arch,
                base = base,
                lock = "@" + name,
                set = set.format(python = python),
                tags = tags + (["manual"] if arch == "arm64" else []),
            )
            base = "{}_{}_{}".format(name, layer, arch)
    files = {
        "BASE": ":{}_base_amd64".format(name),
        "EXCLUDES": "//apt/policy:path-excludes.json",
        "LOCK": "//apt/locks:{}.json".format(name),
        "MIRRORS": "@apt_mirrors//:mirrors.json",
        "PYTHON": ":{}_python_amd64".format(name),
    }

    # As root these tests give files away and become other users, which a sandbox does not allow.
    _suite_test(
        name = name + "_root_test",
        src = "root_test.py",
        env = {"PYTHON_VERSION": python, "SUITE": name},
        files = {key: label for key, label in files.items() if key != "MIRRORS"},
        tags = tags + ["no-sandbox"],
    )
    _suite_test(
        name = name + "_install_test",
        src = "install_test.py",
        env = {"SUITE": name},
        files = {key: label for key, label in files.items() if key in ("BASE", "MIRRORS")},
        tags = tags + ["external", "no-sandbox", "requires-network"],
    )

def _suite_test(name, src, env, files, tags):
    pytest_test(
        name = name,
        size = "medium",
        srcs = [src],
        data = files.values(),
        env = env | {key: "$(rlocationpath {})".format(label) for key, label in files.items()},
        tags = tags,
        deps = [":roots", "//tools/deb_part:lib"],
    )
