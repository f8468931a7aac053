"""The python extension: declared versions, all of them served by this machine's own interpreter."""

_HOST = """\
HOST_PYTHON = {python}
HOST_VERSION = {version}
HOST_RUNTIME = {runtime}
DEFAULT_VERSION = {default}
DECLARED_VERSIONS = {declared}
"""

def _best_default(declared, host):
    """Chooses a default where the root module has none: the host's own version if declared, else the newest."""
    minor = ".".join(host.split(".")[:2])
    if not declared or minor in declared:
        return minor
    return sorted(declared, key = lambda version: [int(part) for part in version.split(".")])[-1]

def _host_python_impl(rctx):
    python = rctx.which("python3")
    if not python:
        fail("no python3 on PATH: install Python 3.11 or later")

    # The interpreter may be upgraded in place; this notices.
    rctx.watch(python)
    probe = """
import platform, sys, zlib
print(sys.executable, platform.python_version(), zlib.ZLIB_RUNTIME_VERSION, sep = "\\n")
"""
    result = rctx.execute([python, "-BIS", "-c", probe])
    if result.return_code:
        fail("{} does not run:\n{}".format(python, result.stderr))
    executable, version, zlib = result.stdout.splitlines()
    if [int(part) for part in version.split(".")[:2]] < [3, 11]:
        fail("{} is Python {}; install Python 3.11 or later".format(executable, version))
    rctx.file("BUILD.bazel", "")
    rctx.file("host.bzl", _HOST.format(
        declared = repr(rctx.attr.declared),
        default = repr(rctx.attr.default or _best_default(rctx.attr.declared, version)),
        python = repr(executable),
        runtime = repr("Python {}, zlib {}".format(version, zlib)),
        version = repr(version),
    ))

_host_python = repository_rule(
    implementation = _host_python_impl,
    doc = "Finds the interpreter that runs Python targets.",
    attrs = {
        "declared": attr.string_list(
            doc = "The versions with a python.toolchain.",
        ),
        "default": attr.string(
            doc = "The version that targets are built for when they name none.",
        ),
    },
    configure = True,
    environ = ["PATH"],
)

def _default_of(module):
    """Returns the default version that a module declares, or an empty string."""
    for tag in module.tags.defaults:
        if tag.python_version:
            return tag.python_version
    versions = [tag.python_version for tag in module.tags.toolchain if tag.is_default]
    if not versions and len(module.tags.toolchain) == 1:
        versions = [module.tags.toolchain[0].python_version]
    return versions[0] if versions else ""

def _python_impl(module_ctx):
    declared = {}
    default = ""
    for module in module_ctx.modules:
        for tag in module.tags.toolchain:
            declared[tag.python_version] = None
        if module.is_root:
            default = _default_of(module)
    if default and default not in declared:
        fail('python.defaults(python_version = "{v}") has no python.toolchain(python_version = "{v}")'.format(v = default))
    _host_python(name = "rules_python_host", default = default, declared = sorted(declared))
    return module_ctx.extension_metadata(reproducible = True)

_defaults = tag_class(
    doc = "Says which version targets are built for when they name none.",
    attrs = {
        "python_version": attr.string(
            doc = "One of the toolchains' versions.",
        ),
    },
)

_toolchain = tag_class(
    doc = "Declares a version that targets and wheels may be for.",
    attrs = {
        "configure_coverage_tool": attr.bool(
            doc = "Accepted and ignored: there is no coverage tool.",
        ),
        "ignore_root_user_error": attr.bool(
            doc = "Accepted and ignored, as upstream.",
            default = True,
        ),
        "is_default": attr.bool(
            doc = "Makes this the default version, unless python.defaults names one.",
        ),
        "python_version": attr.string(
            doc = "The version, such as 3.11 or 3.11.2.",
            mandatory = True,
        ),
    },
)

python = module_extension(
    implementation = _python_impl,
    doc = "Declares Python versions.",
    tag_classes = {
        "defaults": _defaults,
        "toolchain": _toolchain,
    },
)
