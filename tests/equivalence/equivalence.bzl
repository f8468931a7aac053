"""The images that are held against a reference, and the tests that do it.

    load("//tests/equivalence:equivalence.bzl", "equivalence_test")

    equivalence_test(
        name = "bookworm_base_test",
        size = "medium",
        image = "//images:base_bookworm_amd64",
        kind = "base",
        packages = "@bookworm//sets:base.amd64",
    )
"""

load("//tools/pytest:defs.bzl", "pytest_test")
load(":locked_debs.bzl", "locked_debs")

def equivalence_test(name, image, packages, kind, size):
    """Compares an image with what mmdebstrap makes of the same .debs.

    Args:
      name: name of the test; NAME with _debs in place of _test are the .debs.
      image: the image.
      packages: the set of a lock that is in it.
      kind: what the list of differences calls such an image.
      size: size of the test.
    """
    debs = name.removesuffix("_test") + "_debs"
    locked_debs(
        name = debs,
        testonly = True,
        packages = packages,
        visibility = ["//tests:__subpackages__"],
    )
    pytest_test(
        name = name,
        size = size,
        srcs = ["equivalence_test.py"],
        args = ["--capture=no"],  # the log says how long mmdebstrap took
        data = [
            debs,
            image,
            "differences.json",
            "//apt/policy:path-excludes.json",
        ],
        env = {
            "DEBS": "$(rootpath {})".format(debs),
            "DIFFERENCES": "$(rootpath differences.json)",
            "EXCLUDES": "$(rootpath //apt/policy:path-excludes.json)",
            "IMAGE": "$(rootpath {})".format(image),
            "KIND": kind,
        },
        # As root it makes a whole Debian with its owners, which a sandbox does not allow.
        tags = ["no-sandbox"],
        deps = [":lib"],
    )

def architectures_test(name, images, packages, kind, size):
    """Compares the images for two architectures with each other, and each with what dpkg makes of its .debs.

    Args:
      name: name of the test.
      images: the images, with {} for the architecture.
      packages: the set of a lock that is in them, likewise.
      kind: what the lists of differences call such images.
      size: size of the test.
    """
    debs = name.removesuffix("_test") + "_{}_debs"
    for arch in ["amd64", "arm64"]:
        locked_debs(
            name = debs.format(arch),
            testonly = True,
            packages = packages.format(arch),
        )
    files = {
        "AMD64": images.format("amd64"),
        "AMD64_DEBS": debs.format("amd64"),
        "ARCHITECTURES": "architectures.json",
        "ARM64": images.format("arm64"),
        "ARM64_DEBS": debs.format("arm64"),
        "EXCLUDES": "//apt/policy:path-excludes.json",
        "UNPACKED": "unpacked.json",
    }
    pytest_test(
        name = name,
        size = size,
        srcs = ["architectures_test.py"],
        data = files.values(),
        env = {"KIND": kind} | {key: "$(rootpath {})".format(label) for key, label in files.items()},
        tags = ["no-sandbox"],
        deps = [":lib"],
    )
