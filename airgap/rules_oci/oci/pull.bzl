"""oci_pull: what the tag oci.pull means, as a macro.

```starlark
oci.pull(
    name = "cuda",
    digest = "sha256:133c78a0575303be34164d0b90137a042172bdf60696af01a3c424ab402d86e2",
    image = "docker.io/nvidia/cuda",
    platforms = ["linux/amd64", "linux/arm64"],
)
use_repo(oci, "cuda", "cuda_linux_amd64", "cuda_linux_arm64")
```

`@cuda` is then the image of the target platform, `@cuda_linux_arm64` a certain one.
"""

load("//oci/private:pull.bzl", "oci_alias", _oci_pull = "oci_pull")
load("//oci/private:reference.bzl", "parse_image")

_CPU_OF_PLATFORM = {
    "linux/386": "@platforms//cpu:i386",
    "linux/amd64": "@platforms//cpu:x86_64",
    "linux/arm/v7": "@platforms//cpu:armv7",
    "linux/arm64": "@platforms//cpu:arm64",
    "linux/arm64/v8": "@platforms//cpu:arm64",
    "linux/mips64le": "@platforms//cpu:mips64",
    "linux/ppc64le": "@platforms//cpu:ppc",
    "linux/s390x": "@platforms//cpu:s390x",
}

def _reference(name, image, registry, repository, digest, tag, reproducible):
    """What to pull, and the mistakes that can be made in saying so."""
    if image and (registry or repository):
        fail("oci.pull(name = '%s'): set either 'image' or both 'registry' and 'repository'" % name)
    if image:
        reference = parse_image(image)
        scheme, registry, repository = reference.scheme, reference.registry, reference.repository
        digest, tag = reference.digest or digest, reference.tag or tag
    else:
        scheme = "https"
        if not registry or not repository:
            fail("oci.pull(name = '%s'): set 'image', or both 'registry' and 'repository'" % name)
    if not digest and not tag:
        fail("oci.pull(name = '%s'): set 'digest' or 'tag'" % name)
    if digest and tag and not reproducible:
        fail("oci.pull(name = '%s'): with both 'digest' and 'tag' the digest is pulled, so leave 'reproducible' True" % name)
    return {
        "identifier": digest or tag,
        "registry": registry,
        "repository": repository,
        "scheme": scheme,
    }

# buildifier: disable=unused-variable
def oci_pull(
        name,
        www_authenticate_challenges = None,
        image = None,
        repository = None,
        registry = None,
        platforms = None,
        digest = None,
        tag = None,
        reproducible = True,
        is_bzlmod = False,
        config = None,
        bazel_tags = []):
    """Declares the repositories of a pulled image.

    Args:
        name: name of the repository that chooses by target platform; with `_linux_amd64` and the like, of the others.
        www_authenticate_challenges: host to WWW-Authenticate header, for registries that aren't known.
        image: such as docker.io/nvidia/cuda; a tag or digest in it counts as `tag` or `digest`.
        repository: path of the image, instead of `image`.
        registry: host of the registry, instead of `image`.
        platforms: the platforms to pull of a multi-architecture image.
        digest: what to pull, such as sha256:...
        tag: what to pull if there is no digest; tags move, so there is a warning.
        reproducible: False silences the warning.
        is_bzlmod: whether an extension calls; both cases are the same here.
        config: label of a docker config.json, instead of the user's.
        bazel_tags: tags of the targets.
    """
    common = _reference(name, image, registry, repository, digest, tag, reproducible) | {
        "config": config,
        "www_authenticate_challenges": www_authenticate_challenges,
    }
    if not platforms:
        single = name + "_single"
        _oci_pull(name = single, target_name = single, bazel_tags = bazel_tags, **common)
        oci_alias(name = name, target_name = name, platform = single, reproducible = reproducible, **common)
        return

    images = {}
    for platform in platforms:
        platform_repository = "_".join([name] + platform.split("/"))
        _oci_pull(
            name = platform_repository,
            target_name = platform_repository,
            platform = platform,
            bazel_tags = bazel_tags,
            **common
        )
        if platform in _CPU_OF_PLATFORM:
            images[_CPU_OF_PLATFORM[platform]] = "@" + platform_repository
    if not images:
        fail("oci.pull(name = '%s'): none of the platforms %s is known. Known are: %s" %
             (name, platforms, ", ".join(_CPU_OF_PLATFORM)))
    oci_alias(name = name, target_name = name, platforms = images, reproducible = reproducible, **common)
