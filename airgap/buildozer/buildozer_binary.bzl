"""An empty extension: Bazel's own MODULE.tools names it, nothing here uses it."""

def _buildozer_binary_impl(module_ctx):
    return module_ctx.extension_metadata(reproducible = True)

buildozer_binary = module_extension(implementation = _buildozer_binary_impl)
