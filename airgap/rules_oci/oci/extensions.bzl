"""The module extension of rules_oci.

```starlark
oci = use_extension("@rules_oci//oci:extensions.bzl", "oci")
oci.pull(
    name = "cuda",
    digest = "sha256:133c78a0575303be34164d0b90137a042172bdf60696af01a3c424ab402d86e2",
    image = "docker.io/nvidia/cuda",
    platforms = ["linux/amd64"],
)
use_repo(oci, "cuda", "cuda_linux_amd64")
```
"""

load("//oci/private:system_crane.bzl", "crane_toolchains", "system_crane")
load(":pull.bzl", "oci_pull")

_pull = tag_class(
    attrs = {
        "bazel_tags": attr.string_list(doc = "Tags of the targets."),
        "config": attr.label(doc = "A docker config.json, instead of the user's."),
        "digest": attr.string(doc = "What to pull, such as sha256:..."),
        "image": attr.string(doc = "The image, such as docker.io/nvidia/cuda."),
        "name": attr.string(doc = "Name of the repository."),
        "platforms": attr.string_list(doc = "The platforms to pull of a multi-architecture image."),
        "registry": attr.string(doc = "Host of the registry, instead of `image`."),
        "repository": attr.string(doc = "Path of the image, instead of `image`."),
        "reproducible": attr.bool(default = True, doc = "False silences the warning about a tag."),
        "tag": attr.string(doc = "What to pull if there is no digest."),
        "www_authenticate_challenges": attr.string_dict(doc = "Host to WWW-Authenticate header, for registries that aren't known."),
    },
    doc = "Pulls an image.",
)

_toolchains = tag_class(
    attrs = {"name": attr.string(default = "oci", doc = "Base name of the repositories. Only the root module may choose it.")},
    doc = "Offers crane as a toolchain.",
)

def _declare_pull(tag):
    oci_pull(
        name = tag.name,
        bazel_tags = tag.bazel_tags,
        config = tag.config,
        digest = tag.digest,
        image = tag.image,
        is_bzlmod = True,
        platforms = tag.platforms,
        registry = tag.registry,
        repository = tag.repository,
        reproducible = tag.reproducible,
        tag = tag.tag,
        www_authenticate_challenges = tag.www_authenticate_challenges,
    )
    return [tag.name] + ["_".join([tag.name] + platform.split("/")) for platform in tag.platforms]

def _declare_toolchains(mod, tag, seen):
    if tag.name != "oci" and not mod.is_root:
        fail("oci.toolchains(name = '%s') in module %s: only the root module may choose another name than 'oci'." % (tag.name, mod.name))
    if tag.name not in seen:
        seen[tag.name] = True
        system_crane(name = tag.name + "_crane_system")
        crane_toolchains(name = tag.name + "_crane_toolchains", crane = tag.name + "_crane_system")
    return [tag.name + "_crane_toolchains"]

def _oci_impl(module_ctx):
    direct, direct_dev, seen = [], [], {}
    for mod in module_ctx.modules:
        declared = [(tag, _declare_pull(tag)) for tag in mod.tags.pull]
        declared += [(tag, _declare_toolchains(mod, tag, seen)) for tag in mod.tags.toolchains]
        for tag, repositories in declared if mod.is_root else []:
            if module_ctx.is_dev_dependency(tag):
                direct_dev += repositories
            else:
                direct += repositories
    pulls = [tag for mod in module_ctx.modules for tag in mod.tags.pull]
    return module_ctx.extension_metadata(
        reproducible = all([tag.reproducible and tag.digest for tag in pulls]),
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = direct_dev,
    )

oci = module_extension(
    implementation = _oci_impl,
    doc = "Pulls images, and offers crane.",
    tag_classes = {
        "pull": _pull,
        "toolchains": _toolchains,
    },
)
