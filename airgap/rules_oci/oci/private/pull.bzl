"""Repository rules behind oci.pull: one repository for each platform's image, and one that chooses among them."""

load(
    ":registry.bzl",
    "INDEX_MEDIA_TYPES",
    "MANIFEST_MEDIA_TYPES",
    "REGISTRY_ATTRS",
    "REGISTRY_ENVIRON",
    "blob_path",
    "platform_name",
    "registry",
)

# What a config leaves out.
_DEFAULT_VARIANTS = {"linux/arm64": "v8"}

_INDEX_JSON = """\
{{
   "schemaVersion": 2,
   "mediaType": "application/vnd.oci.image.index.v1+json",
   "manifests": [
      {{
         "mediaType": {media_type},
         "size": {size},
         "digest": {digest}{platform}
      }}
   ]
}}"""

_IMAGE_BUILD = """\
load("@rules_oci//oci/private:pulled_layout.bzl", "pulled_layout")

pulled_layout(
    name = {name},
    srcs = glob(["blobs/**"]) + [
        "index.json",
        "oci-layout",
    ],
    tags = {tags},
    visibility = ["//visibility:public"],
)
"""

_ALIAS_BUILD = """\
filegroup(
    name = "digest",
    srcs = ["digest.txt"],
    visibility = ["//visibility:public"],
)

alias(
    name = {name},
    actual = {actual},
    visibility = ["//visibility:public"],
)
"""

_SELECT = """select(
        {images},
        no_match_error = "No image of {name} matches the target platform. There are: {available}",
    )"""

def _name(rctx):
    return "%s/%s" % (rctx.attr.registry, rctx.attr.repository)

def _check_platform(rctx, config):
    """Compares the platform that was asked for with what the image's config says."""
    wanted = (rctx.attr.platform.split("/") + [None])[:3]
    for key, want in [("os", wanted[0]), ("architecture", wanted[1])]:
        got = config.get(key)
        if not got:
            # buildifier: disable=print
            print("WARNING: %s: the image does not say its %s, so %s is not confirmed" % (_name(rctx), key, rctx.attr.platform))
        elif got != want:
            fail("%s: expected an image with %s '%s', got '%s'" % (_name(rctx), key, want, got))
    default = _DEFAULT_VARIANTS.get("/".join(wanted[:2]))
    got = config.get("variant") or default
    if got != (wanted[2] or default):
        fail("%s: expected an image with variant '%s', got '%s'" % (_name(rctx), wanted[2] or default, got))

def _entry_of_platform(rctx, index):
    """The entry of an index for the wanted platform."""
    available = []
    for entry in index["manifests"]:
        name = platform_name(entry.get("platform", {}))
        if name == rctx.attr.platform:
            return entry
        if name:
            available.append(name)
    fail("%s has no image for platform %s. There are: %s" % (_name(rctx), rctx.attr.platform, ", ".join(available)))

def _image_manifest(rctx, remote):
    """The manifest of the one image, through an index if need be, and its file."""
    manifest = remote.manifest(rctx.attr.identifier, "manifest.json")
    if manifest.media_type in MANIFEST_MEDIA_TYPES:
        return manifest, "manifest.json"
    if manifest.media_type not in INDEX_MEDIA_TYPES:
        fail("%s: unknown media type %s of the manifest" % (_name(rctx), manifest.media_type))
    if not rctx.attr.platform:
        fail("%s is a multi-architecture image, so set 'platforms' to the ones to pull." % _name(rctx))
    entry = _entry_of_platform(rctx, manifest.content)

    # A file of its own: Bazel may still be copying the first one to its cache.
    return remote.manifest(entry["digest"], "platform-manifest.json"), "platform-manifest.json"

def _platform_json(platform):
    if not platform:
        return ""
    os, architecture, variant = (platform.split("/") + [None])[:3]
    lines = ['"architecture": ' + json.encode(architecture), '"os": ' + json.encode(os)]
    if variant:
        lines.append('"variant": ' + json.encode(variant))
    indent = "\n            "
    return ',\n         "platform": {' + indent + ("," + indent).join(lines) + "\n         }"

def _oci_pull_impl(rctx):
    remote = registry(rctx)
    manifest, path = _image_manifest(rctx, remote)
    rctx.template(blob_path(manifest.digest), path, executable = False)

    config = manifest.content["config"]["digest"]
    remote.blob(config)
    if rctx.attr.platform:
        _check_platform(rctx, json.decode(rctx.read(blob_path(config))))

    layers = {layer["digest"]: None for layer in manifest.content["layers"]}
    downloads = [remote.blob(digest, block = False) for digest in layers]
    for download in downloads:
        download.wait()

    rctx.file("oci-layout", json.encode_indent({"imageLayoutVersion": "1.0.0"}, indent = "    "), executable = False)
    rctx.file("index.json", _INDEX_JSON.format(
        media_type = json.encode(manifest.media_type),
        size = manifest.size,
        digest = json.encode(manifest.digest),
        platform = _platform_json(rctx.attr.platform),
    ), executable = False)
    rctx.file("BUILD.bazel", _IMAGE_BUILD.format(
        name = repr(rctx.attr.target_name),
        tags = repr(rctx.attr.bazel_tags),
    ), executable = False)

oci_pull = repository_rule(
    implementation = _oci_pull_impl,
    attrs = REGISTRY_ATTRS | {
        "bazel_tags": attr.string_list(doc = "Tags of the target."),
        "platform": attr.string(doc = "Which image of an index, as os/architecture or os/architecture/variant."),
        "target_name": attr.string(mandatory = True, doc = "Name of the target."),
    },
    doc = "One image, with all its layers.",
    environ = REGISTRY_ENVIRON,
)

def _available(rctx, remote, manifest):
    """The platforms that there are, for messages."""
    if manifest.media_type in INDEX_MEDIA_TYPES:
        platforms = [entry.get("platform", {}) for entry in manifest.content["manifests"]]
    else:
        config = manifest.content["config"]["digest"]
        remote.blob(config)
        platforms = [json.decode(rctx.read(blob_path(config)))]
    return [platform_name(platform) or "unknown" for platform in platforms]

def _oci_alias_impl(rctx):
    remote = registry(rctx)
    manifest = remote.manifest(rctx.attr.identifier, "manifest.json")
    rctx.file("digest.txt", manifest.digest, executable = False)
    available = _available(rctx, remote, manifest) if rctx.attr.platforms else []
    if ":" not in rctx.attr.identifier and rctx.attr.reproducible:
        # buildifier: disable=print
        print("WARNING: oci.pull(name = '{name}'): the tag '{tag}' may move. Pin it with digest = \"{digest}\", or say reproducible = False.{platforms}".format(
            name = rctx.attr.target_name,
            tag = rctx.attr.identifier,
            digest = manifest.digest,
            platforms = " Its platforms are %s." % ", ".join(available) if available else "",
        ))
    if rctx.attr.platforms:
        actual = _SELECT.format(
            images = {str(constraint): image for (constraint, image) in rctx.attr.platforms.items()},
            name = _name(rctx),
            available = ", ".join(available),
        )
    else:
        actual = repr("@" + rctx.attr.platform)
    rctx.file("BUILD.bazel", _ALIAS_BUILD.format(name = repr(rctx.attr.target_name), actual = actual), executable = False)

oci_alias = repository_rule(
    implementation = _oci_alias_impl,
    attrs = REGISTRY_ATTRS | {
        "platform": attr.string(doc = "The repository of the only image, whatever the target platform."),
        "platforms": attr.label_keyed_string_dict(doc = "CPU constraint to the repository of its image."),
        "reproducible": attr.bool(default = True, doc = "Whether to warn about a tag."),
        "target_name": attr.string(mandatory = True, doc = "Name of the target."),
    },
    doc = "Chooses the image of the target platform; the target `digest` is the digest that was pulled.",
    environ = REGISTRY_ENVIRON,
)
