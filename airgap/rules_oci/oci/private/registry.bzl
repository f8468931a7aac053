"""Reading manifests and blobs from a registry with Bazel's downloader: cached by hash, and checked against it."""

load(":credentials.bzl", "CREDENTIALS_ENVIRON", "credentials")

INDEX_MEDIA_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
]

MANIFEST_MEDIA_TYPES = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]

# Attributes of a repository rule that reads from a registry.
REGISTRY_ATTRS = {
    "config": attr.label(allow_single_file = True, doc = "A docker config.json, instead of the user's."),
    "identifier": attr.string(mandatory = True, doc = "Digest or tag of the manifest."),
    "registry": attr.string(mandatory = True, doc = "Host of the registry, with a port if need be."),
    "repository": attr.string(mandatory = True, doc = "Path of the image in the registry."),
    "scheme": attr.string(default = "https", values = ["http", "https"], doc = "How to speak to the registry."),
    "www_authenticate_challenges": attr.string_dict(doc = "Host to WWW-Authenticate header, for registries that aren't known."),
}

REGISTRY_ENVIRON = CREDENTIALS_ENVIRON

_HEADERS = {
    "Accept": ",".join(INDEX_MEDIA_TYPES + MANIFEST_MEDIA_TYPES),
    "Docker-Distribution-API-Version": "registry/2.0",
}

def blob_path(digest):
    """Where a layout keeps the blob of a digest.

    Args:
        digest: such as `sha256:...`.

    Returns:
        A relative path.
    """
    return "blobs/" + digest.replace(":", "/", 1)

def media_type(manifest):
    """The media type of a manifest or an index; both may leave it out.

    Args:
        manifest: decoded JSON.

    Returns:
        A media type.
    """
    if "mediaType" in manifest:
        return manifest["mediaType"]
    return INDEX_MEDIA_TYPES[0] if "manifests" in manifest else MANIFEST_MEDIA_TYPES[0]

def platform_name(platform):
    """A platform of an index or a config as one string.

    Args:
        platform: dict with os, architecture and perhaps variant.

    Returns:
        Such as `linux/arm64/v8`, or None without os and architecture.
    """
    if not platform.get("os") or not platform.get("architecture"):
        return None
    return "/".join([platform[key] for key in ["os", "architecture", "variant"] if platform.get(key)])

def _download(rctx, auth, kind, identifier, output, **kwargs):
    url = "{scheme}://{registry}/v2/{repository}/{kind}/{identifier}".format(
        scheme = rctx.attr.scheme,
        registry = rctx.attr.registry,
        repository = rctx.attr.repository,
        kind = kind,
        identifier = identifier,
    )
    algorithm, separator, sha256 = identifier.partition(":")
    if separator and algorithm != "sha256":
        fail("%s/%s: %s is no sha256 digest, and Bazel can check no other" % (rctx.attr.registry, rctx.attr.repository, identifier))
    return rctx.download(
        url = url,
        output = output,
        sha256 = sha256,
        auth = {url: auth} if auth else {},
        **kwargs
    )

def _manifest(rctx, access, identifier, output):
    result = _download(
        rctx,
        access.auth,
        "manifests",
        identifier,
        output,
        headers = _HEADERS,
        allow_fail = True,
    )
    if not result.success:
        fail("Can't read the manifest of {registry}/{repository}, {identifier}. {advice}".format(
            registry = rctx.attr.registry,
            repository = rctx.attr.repository,
            identifier = identifier,
            advice = "If `docker pull` can, the registry may need an entry in www_authenticate_challenges." if access.configured else "There is no docker or podman configuration: if the image isn't public, log in first.",
        ))
    content = rctx.read(output)
    manifest = json.decode(content)
    if manifest.get("schemaVersion") != 2:
        fail("%s/%s: the registry sent a manifest of schema version %s, and only 2 is supported" %
             (rctx.attr.registry, rctx.attr.repository, manifest.get("schemaVersion")))
    return struct(
        content = manifest,
        digest = "sha256:" + result.sha256,
        media_type = media_type(manifest),
        size = len(content),
    )

def registry(rctx):
    """Opens the repository that a repository rule's attributes name.

    Args:
        rctx: context of a repository rule with REGISTRY_ATTRS.

    Returns:
        A struct of two functions. `manifest(identifier, output)` returns a struct of content, digest, media_type and
        size. `blob(digest, **kwargs)` downloads a blob to its place in a layout.
    """
    access = credentials(rctx)
    return struct(
        manifest = lambda identifier, output: _manifest(rctx, access, identifier, output),
        blob = lambda digest, **kwargs: _download(rctx, access.auth, "blobs", digest, blob_path(digest), **kwargs),
    )
