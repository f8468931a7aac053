"""Pushes the images of the matrix in one go.

    load("//images/private:matrix_push.bzl", "matrix_push")

    matrix_push(name = "push")

    bazel run //images:push -- --repository registry.example/team

Each kind of image has a repository of its own below that one, and each version and variant its tags there.
"""

load("//images:config.bzl", "ENVIRONMENTS", "RUNTIMES")
load("//images:names.bzl", "tag")
load(":availability.bzl", "python_tags")
load(":image_push.bzl", "image_push")
load(":variants.bzl", "VARIANTS", "is_default")

def matrix_push(name):
    """Defines NAME, for all images that `//...` builds, and NAME_all, for all that there are; to be called in //images.

    Args:
        name: name of the targets.
    """
    usual = ["base_" + suite for suite in {row.suite: None for row in RUNTIMES}]
    more = []
    for row in RUNTIMES:
        built = usual if not python_tags(row) else more
        built.append("buildtime_" + tag(row.python))
        for variant in VARIANTS:
            place = more if variant.tags else built
            place.append("runtime_{}_{}".format(tag(row.python), variant.name))
            for kind in ENVIRONMENTS:
                place = built if is_default(variant) else more
                place.append("{}_{}_{}".format(kind, tag(row.python), variant.name))
        more += ["{}_{}_nvidia".format(kind, tag(row.python)) for kind in ["runtime"] + ENVIRONMENTS.keys()]
    image_push(
        name = name,
        pushes = [each + "_push" for each in usual],
        visibility = ["//visibility:public"],
    )
    image_push(
        name = name + "_all",
        pushes = [each + "_push" for each in usual + more],
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
