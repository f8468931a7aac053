"""The extension with settings of a module: whether Python's packages need files `__init__.py`.

```starlark
rules_python_config = use_extension("@rules_python//python/extensions:config.bzl", "config")
rules_python_config.explicit_init_py(default = True)
```

Here they always do, as nothing makes such a file.
"""

_explicit_init_py = tag_class(
    doc = "Whether a folder with modules is a package without further ado.",
    attrs = {"default": attr.bool(doc = "True if no file is made.", mandatory = True)},
)

def _config_impl(mctx):
    for module in mctx.modules:
        for tag in module.tags.explicit_init_py:
            if not tag.default:
                fail("rules_python: module {}: explicit_init_py(default = False) is not there; add the files __init__.py".format(module.name))

config = module_extension(
    implementation = _config_impl,
    doc = "Settings of modules.",
    tag_classes = {"explicit_init_py": _explicit_init_py},
)
