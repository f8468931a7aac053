"""An empty extension: Bazel's own MODULE.bazel names it, nothing here uses it."""

def _toolchains_impl(module_ctx):
    return module_ctx.extension_metadata(reproducible = True)

toolchains = module_extension(implementation = _toolchains_impl)
