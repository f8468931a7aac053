"""The stacks of layers that are compared, and what their comparison needs."""

load("//apt:defs.bzl", "apt_layer")
load("//images/private:ld_cache_layer.bzl", "ld_cache_layer")
load("//tools/pytest:defs.bzl", "pytest_test")
load(":locked_debs.bzl", "locked_debs")

def stack(name, suite, sets, arch = "amd64", tags = []):
    """One layer for each of some sets of a lock, each on the one before, and the loader's cache on top.

    Args:
      name: name of the stack: the filegroup with its layers, the lowest first. NAME_debs are its .debs.
      suite: a Debian suite, whose lock is `@SUITE`.
      sets: the sets, the lowest first.
      arch: Debian's name of the architecture.
      tags: tags of all these targets.
    """
    layers = []
    for set in sets:
        apt_layer(
            name = "{}_{}".format(name, set),
            testonly = True,
            arch = arch,
            base = layers[-1] if layers else None,
            lock = "@" + suite,
            set = set,
            tags = tags,
        )
        layers.append("{}_{}".format(name, set))
    ld_cache_layer(
        name = name + "_ld_cache",
        testonly = True,
        arch = arch,
        layers = layers,
        tags = tags,
    )
    native.filegroup(
        name = name,
        testonly = True,
        srcs = layers + [name + "_ld_cache"],
        tags = tags,
    )
    locked_debs(
        name = name + "_debs",
        testonly = True,
        packages = "@{}//sets:{}.{}".format(suite, sets[-1], arch),
        tags = tags,
        visibility = ["//tests:__subpackages__"],
    )

def equivalence_test(name, suite, sets, kind, size, tags = []):
    """Compares a stack for amd64 with what mmdebstrap makes of the same .debs.

    Args:
      name: name of the test; NAME without `_test` is the stack.
      suite: a Debian suite, whose lock is `@SUITE`.
      sets: the sets, the lowest first.
      kind: what the list of differences calls such a stack.
      size: size of the test.
      tags: further tags of all these targets.
    """
    layers = name.removesuffix("_test")
    stack(layers, suite, sets, tags = tags)
    pytest_test(
        name = name,
        size = size,
        srcs = ["equivalence_test.py"],
        data = [
            layers,
            layers + "_debs",
            "differences.json",
            "//apt/policy:path-excludes.json",
        ],
        env = {
            "DEBS": "$(rootpath :{}_debs)".format(layers),
            "DIFFERENCES": "$(rootpath differences.json)",
            "EXCLUDES": "$(rootpath //apt/policy:path-excludes.json)",
            "LAYERS": "$(rootpaths :{})".format(layers),
            "STACK": kind,
        },
        # As root it makes a whole Debian with its owners, which a sandbox does not allow.
        tags = tags + ["no-sandbox"],
        deps = [":lib"],
    )
