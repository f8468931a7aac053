"""What goes with an image that is there for each architecture.

    load("//images/private:image_family.bzl", "image_family")

    # For base_bookworm_amd64 and base_bookworm_arm64:
    image_family(name = "base_bookworm", configs = ["//images/base:common.yaml"])

| target | what it is |
|---|---|
| `NAME` | the image for the target platform: this machine's, or that of `--platforms` |
| `NAME_index` | all architectures under one name |
| `NAME_load` | `run` loads NAME into Docker or podman |
| `NAME_push` | `run` pushes NAME_index to a registry |
| `NAME_ARCH_sbom`, `NAME_sbom` | what is in one image, and in all: SPDX, CycloneDX, provenance |
| `NAME_shell` | `run` starts NAME without a container engine |
| `NAME_test`, `NAME_docker_test` | container-structure-test, without and with a container engine |
| `NAME_ARCH_link_test`, `NAME_link_test` | whether all libraries are found in one image, and in all |
"""

load("@container_structure_test//:defs.bzl", "container_structure_test")
load("@rules_oci//oci:defs.bzl", "oci_image_index")
load("//images:config.bzl", "ARCHITECTURES")
load(":image_load.bzl", "image_load")
load(":image_push.bzl", "image_push")
load(":image_shell.bzl", "image_shell")
load(":image_test.bzl", "image_test")
load(":link_test.bzl", "link_test")
load(":platform_select.bzl", "by_architecture")
load(":sbom.bzl", "family_sboms", "pushed_sbom")

_LINUX = [Label("@platforms//os:linux")]

_PUBLIC = ["//visibility:public"]

def image_family(
        name,
        configs,
        push,
        architectures = ARCHITECTURES,
        closures = {},
        repo_tags = None,
        tags = [],
        visibility = _PUBLIC):
    """Defines the targets around NAME_ARCH, one image for each architecture.

    Args:
        name: the images' name without the architecture.
        configs: configurations for container-structure-test.
        push: dictionary of attributes of `image_push`.
        architectures: list of the architectures that there are.
        closures: dictionary from architecture to library closure, by which libraries may be missing.
        repo_tags: list of names for NAME_load, NAME:latest unless it says otherwise.
        tags: tags of the targets.
        visibility: visibility of the targets.
    """
    by_architecture(
        name = name,
        architectures = architectures,
        tags = tags,
        visibility = visibility,
    )
    by_architecture(
        name = name + ".digest",
        architectures = architectures,
        of = name + "_{}.digest",
        tags = tags,
        visibility = visibility,
    )
    oci_image_index(
        name = name + "_index",
        images = ["{}_{}".format(name, arch) for arch in architectures],
        tags = tags,
        visibility = visibility,
    )
    _load(name, repo_tags, tags, visibility)
    image_push(
        name = name + "_push",
        image = name + "_index",
        referrers = pushed_sbom(name + "_sbom"),
        tags = tags,
        visibility = visibility,
        **push
    )
    family_sboms(
        name = name,
        architectures = architectures,
        tags = tags,
        visibility = visibility,
    )
    image_shell(
        name = name + "_shell",
        image = name,
        tags = tags,
        target_compatible_with = _LINUX,
        visibility = visibility,
    )
    image_test(
        name = name + "_test",
        size = "medium",
        configs = configs,
        image = name,
        tags = tags,
        target_compatible_with = _LINUX,
    )
    for arch in architectures:
        link_test(
            name = "{}_{}_link_test".format(name, arch),
            size = "small",
            closure = closures.get(arch),
            image = "{}_{}".format(name, arch),
            tags = tags,
        )
    native.test_suite(
        name = name + "_link_test",
        tags = tags,
        tests = ["{}_{}_link_test".format(name, arch) for arch in architectures],
    )

    # The same tests where a container engine is.
    container_structure_test(
        name = name + "_docker_test",
        size = "medium",
        configs = configs,
        driver = "docker",
        image = name,
        tags = [
            "manual",
            "no-sandbox",
            "requires-network",
        ],
        target_compatible_with = _LINUX,
    )

def _load(name, repo_tags, tags, visibility):
    image_load(
        name = name + "_load",
        image = name,
        repo_tags = repo_tags or [name + ":latest"],
        shell = name + "_shell",
        tags = tags,
        visibility = visibility,
    )

def family_alias(name, actual, families, more = [], tags = []):
    """Gives a family another name.

    Args:
        name: the new name.
        actual: function from what follows the name ("", "_index", "_amd64", ...) to the target of that family.
        families: the families whose tests NAME_test and NAME_link_test stand for.
        more: what else of the families has a name, beside images and shell.
        tags: tags of the targets.
    """
    images = [""] + ["_" + arch for arch in ARCHITECTURES] + ["_index"]
    sboms = ["_sbom"] + ["_{}_sbom".format(arch) for arch in ARCHITECTURES]
    for each in images + [image + ".digest" for image in images] + sboms + ["_push", "_shell"] + more:
        native.alias(
            name = name + each,
            actual = actual(each),
            tags = tags,
            visibility = _PUBLIC,
        )

    # No alias, as it gives the image another name.
    _load(name, None, tags, _PUBLIC)
    for test in ["_test", "_link_test"]:
        native.test_suite(
            name = name + test,
            tags = tags,
            tests = [family + test for family in families],
        )
