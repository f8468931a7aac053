"""The module extension behind //images:extensions.bzl."""

load(":base_archive.bzl", "base_archive", "base_choice")

# What of a platform a target platform has.
_CPUS = {
    "linux/amd64": Label("@platforms//cpu:x86_64"),
    "linux/arm64": Label("@platforms//cpu:aarch64"),
    "linux/arm64/v8": Label("@platforms//cpu:aarch64"),
}

_PULL = tag_class(
    doc = "Makes an image available as `@NAME`, and for each platform as `@NAME_linux_amd64` and the like.",
    attrs = {
        "digest": attr.string(
            doc = "Digest of the image, or of the index that it is in: sha256:...",
            mandatory = True,
        ),
        "image": attr.string(
            doc = "Registry and repository, such as docker.io/nvidia/cuda.",
            mandatory = True,
        ),
        "mirrors": attr.string_list(
            doc = """Places to ask before the registry itself: registries, with a path if need be, in which the repository has
the same path; and absolute paths of OCI image layouts. `--repo_env=PYCUDA_BASE_MIRROR=PLACE,PLACE` names further ones,
which are asked first.""",
        ),
        "name": attr.string(
            doc = "Name of the repositories.",
            mandatory = True,
        ),
        "platforms": attr.string_list(
            doc = "The platforms to have: linux/amd64, linux/arm64.",
            mandatory = True,
        ),
    },
)

def _declare(tag):
    where = "base.pull(name = {})".format(repr(tag.name))
    if not tag.platforms:
        fail("{}: platforms = []: name at least one of {}".format(where, ", ".join(_CPUS)))
    images = {}
    for platform in tag.platforms:
        if platform not in _CPUS:
            fail("{}: platforms has {}; known are {}".format(where, repr(platform), ", ".join(_CPUS)))
        name = "_".join([tag.name] + platform.split("/"))
        base_archive(
            name = name,
            digest = tag.digest,
            image = tag.image,
            mirrors = tag.mirrors,
            platform = platform,
            target = name,
        )
        images[str(_CPUS[platform])] = name
    base_choice(
        name = tag.name,
        digest = tag.digest,
        images = images,
        target = tag.name,
    )

def _base_impl(mctx):
    names = {}
    for module in mctx.modules:
        for tag in module.tags.pull:
            if tag.name in names:
                fail("base.pull(name = {}) is in the modules {} and {}; choose another name in one of them".format(
                    repr(tag.name),
                    names[tag.name],
                    module.name,
                ))
            names[tag.name] = module.name
            _declare(tag)
    return mctx.extension_metadata(reproducible = True)

base = module_extension(
    implementation = _base_impl,
    doc = "Images of registries, by digest.",
    tag_classes = {"pull": _PULL},
)
