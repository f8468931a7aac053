"""What goes with an image that is there for each architecture.

    load("//images/private:image_family.bzl", "image_family")

    # For base_bookworm_amd64 and base_bookworm_arm64:
    image_family(name = "base_bookworm", configs = ["//images/base:common.yaml"])

| target | what it is |
|---|---|
| `NAME` | the image for the target platform: this machine's, or that of `--platforms` |
| `NAME_index` | all architectures under one name |
| `NAME_shell` | `run` starts NAME without a container engine |
| `NAME_test`, `NAME_docker_test` | container-structure-test, without and with a container engine |
"""

load("@container_structure_test//:defs.bzl", "container_structure_test")
load("@rules_oci//oci:defs.bzl", "oci_image_index")
load("//images:config.bzl", "ARCHITECTURES")
load(":image_shell.bzl", "image_shell")
load(":image_test.bzl", "image_test")

CPUS = {
    "amd64": "@platforms//cpu:x86_64",
    "arm64": "@platforms//cpu:aarch64",
}

_PUBLIC = ["//visibility:public"]

def image_family(name, configs, tags = []):
    """Defines the targets around NAME_ARCH, one image for each architecture.

    Args:
        name: the images' name without the architecture.
        configs: configurations for container-structure-test.
        tags: tags of the targets.
    """
    by_architecture(
        name = name,
        tags = tags,
    )
    by_architecture(
        name = name + ".digest",
        of = name + "_{}.digest",
        tags = tags,
    )
    oci_image_index(
        name = name + "_index",
        images = ["{}_{}".format(name, arch) for arch in ARCHITECTURES],
        tags = tags,
        visibility = _PUBLIC,
    )
    image_shell(
        name = name + "_shell",
        image = name,
        tags = tags,
        target_compatible_with = ["@platforms//os:linux"],
        visibility = _PUBLIC,
    )
    image_test(
        name = name + "_test",
        size = "medium",
        configs = configs,
        image = name,
        tags = tags,
        target_compatible_with = ["@platforms//os:linux"],
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
        target_compatible_with = ["@platforms//os:linux"],
    )

def by_architecture(name, of = None, tags = []):
    """An alias of the target for the platform that is built for.

    Args:
        name: name of the alias.
        of: name of the targets, with {} for the architecture; NAME_ARCH if none.
        tags: tags of the alias.
    """
    native.alias(
        name = name,
        actual = select(
            {CPUS[arch]: (of or name + "_{}").format(arch) for arch in ARCHITECTURES},
            no_match_error = "//images:{} is there for {}; choose one by --platforms, or by its name: {}".format(
                name,
                " and ".join(ARCHITECTURES),
                ", ".join([(of or name + "_{}").format(arch) for arch in ARCHITECTURES]),
            ),
        ),
        tags = tags,
        visibility = _PUBLIC,
    )

def family_alias(name, actual, tests, tags = []):
    """Gives a family another name.

    Args:
        name: the new name.
        actual: function from what follows the name ("", "_index", "_amd64", ...) to the target of that family.
        tests: the families' tests that NAME_test stands for.
        tags: tags of the targets.
    """
    images = [""] + ["_" + arch for arch in ARCHITECTURES] + ["_index"]
    for each in images + [image + ".digest" for image in images] + ["_shell"]:
        native.alias(
            name = name + each,
            actual = actual(each),
            tags = tags,
            visibility = _PUBLIC,
        )
    native.test_suite(
        name = name + "_test",
        tags = tags,
        tests = tests,
    )
