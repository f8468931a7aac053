"""The macros that users load: they take lists and dictionaries as well as files, and add the target `NAME.digest`."""

load("@aspect_bazel_lib//lib:utils.bzl", "propagate_common_rule_attributes")
load("@bazel_skylib//lib:types.bzl", "types")
load("@bazel_skylib//rules:write_file.bzl", "write_file")
load(":digest.bzl", "oci_digest")
load(":image.bzl", oci_image_rule = "oci_image")
load(":image_index.bzl", oci_image_index_rule = "oci_image_index")
load(":load.bzl", oci_tarball_rule = "oci_load")
load(":push.bzl", oci_push_rule = "oci_push")

def _pairs(values):
    return ["%s=%s" % pair for pair in values.items()]

def _words(values):
    # A newline inside a word would end it: the builder turns this back.
    return [value.replace("\n", "%5Cn") for value in values]

def _plain(values):
    return values

def _joined(values):
    return [",".join(values)]

def _as_file(name, kind, value, lines, **kwargs):
    """Writes an inline value to a file of its own; a label or None is returned as it is."""
    if not types.is_dict(value) and not types.is_list(value):
        return value
    target = "{}_write_{}".format(name, kind)
    write_file(
        name = target,
        out = "{}.{}.txt".format(name, kind),
        content = lines(value),
        **kwargs
    )
    return target

def _digest(name, **kwargs):
    oci_digest(
        name = name + ".digest",
        image = name,
        index = name + "_index.json",
        digest = name + ".json.sha256",
        **kwargs
    )

def oci_image(
        name,
        created = None,
        labels = None,
        annotations = None,
        env = None,
        cmd = None,
        entrypoint = None,
        exposed_ports = None,
        volumes = None,
        **kwargs):
    """Builds a container image as an OCI layout, and the target `NAME.digest` with its digest.

    Args:
        name: name of the image.
        created: label of a file with the time of creation.
        labels: dictionary, or label of a file with a NAME=VALUE a line, for the image config.
        annotations: dictionary, or label of a file with a NAME=VALUE a line, for the manifest.
        env: dictionary, or label of a file with a NAME=VALUE a line. A value may use `$NAME` and `${NAME}` of the base.
        cmd: list of words, or label of a file with a word a line.
        entrypoint: list of words, or label of a file with a word a line. Drops the base's command.
        exposed_ports: list, or label of a file with the ports separated by commas.
        volumes: list, or label of a file with the volumes separated by commas.
        **kwargs: other attributes of the rule: base, tars, os, architecture, variant, user, workdir, resource_set, and
            the ones common to all rules.
    """
    common = propagate_common_rule_attributes(kwargs)
    oci_image_rule(
        name = name,
        created = created,
        labels = _as_file(name, "labels", labels, _pairs, **common),
        annotations = _as_file(name, "annotations", annotations, _pairs, **common),
        env = _as_file(name, "env", env, _pairs, **common),
        cmd = _as_file(name, "cmd", cmd, _words, **common),
        entrypoint = _as_file(name, "entrypoint", entrypoint, _words, **common),
        exposed_ports = _as_file(name, "exposed_ports", exposed_ports, _joined, **common),
        volumes = _as_file(name, "volumes", volumes, _joined, **common),
        **kwargs
    )
    _digest(name, **common)

def oci_image_index(name, **kwargs):
    """Joins images to an index, and makes the target `NAME.digest` with its digest.

    Args:
        name: name of the index.
        **kwargs: other attributes of the rule: images, platforms, and the ones common to all rules.
    """
    common = propagate_common_rule_attributes(kwargs)
    oci_image_index_rule(name = name, **kwargs)
    _digest(name, **common)

def oci_push(name, remote_tags = None, **kwargs):
    """Pushes an image or an index: `bazel run`.

    Args:
        name: name of the target.
        remote_tags: list of tags, or label of a file with a tag a line.
        **kwargs: other attributes of the rule: image, repository, repository_file, and the ones common to all rules.
    """
    common = propagate_common_rule_attributes(kwargs)
    oci_push_rule(
        name = name,
        remote_tags = _as_file(name, "tags", remote_tags, _plain, **common),
        **kwargs
    )

def oci_load(name, repo_tags = None, **kwargs):
    """Loads an image into a container engine: `bazel run`.

    Args:
        name: name of the target.
        repo_tags: list of names such as team/app:latest, or label of a file with a name a line.
        **kwargs: other attributes of the rule: image, format, loader, and the ones common to all rules.
    """
    common = propagate_common_rule_attributes(kwargs)
    oci_tarball_rule(
        name = name,
        repo_tags = _as_file(name, "tags", repo_tags, _plain, **common),
        **kwargs
    )
