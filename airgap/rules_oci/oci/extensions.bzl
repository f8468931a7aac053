"""The module extension of rules_oci.

```starlark
oci = use_extension("@rules_oci//oci:extensions.bzl", "oci")
```
"""

load("//oci/private:system_crane.bzl", "crane_toolchains", "system_crane")

_toolchains = tag_class(
    attrs = {"name": attr.string(default = "oci", doc = "Base name of the repositories. Only the root module may choose it.")},
    doc = "Offers crane as a toolchain.",
)

def _register(mod, tag):
    if tag.name != "oci" and not mod.is_root:
        fail("oci.toolchains(name = '%s') in module %s: only the root module may choose another name than 'oci'." % (tag.name, mod.name))
    system_crane(name = tag.name + "_crane_system")
    crane_toolchains(name = tag.name + "_crane_toolchains", crane = tag.name + "_crane_system")

def _oci_impl(module_ctx):
    direct, direct_dev, seen = [], [], {}
    for mod in module_ctx.modules:
        for tag in mod.tags.toolchains:
            if tag.name not in seen:
                _register(mod, tag)
                seen[tag.name] = True
            if mod.is_root:
                names = direct_dev if module_ctx.is_dev_dependency(tag) else direct
                names.append(tag.name + "_crane_toolchains")
    return module_ctx.extension_metadata(
        root_module_direct_deps = direct,
        root_module_direct_dev_deps = direct_dev,
    )

oci = module_extension(
    implementation = _oci_impl,
    tag_classes = {"toolchains": _toolchains},
)
