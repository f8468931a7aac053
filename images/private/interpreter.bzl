"""The interpreter that rules_python has for a Python version and an architecture, as a provider.

    load(":interpreter.bzl", "InterpreterInfo")

    attr.label(cfg = for_image, default = "//images/private:interpreter", providers = [InterpreterInfo])

The version is that of the flag `@rules_python//python/config_settings:python_version`, the architecture that of the
target platform; so the one target //images/private:interpreter is all interpreters. Of a runtime only what the
published rules_python documents is read: `interpreter`, `interpreter_version_info` and `files`.
"""

_TOOLCHAIN = "@rules_python//python:toolchain_type"

InterpreterInfo = provider(
    doc = "An interpreter for the configuration's Python and platform.",
    fields = {
        "files": "depset of File: the interpreter with its library; empty when there is none.",
        "release": "str: its version in full, \"3.12.11\"; empty when whoever declared the interpreter did not say.",
        "root": "str: the folder with bin/ and lib/ of the interpreter; empty when there is none.",
        "version": "str: major and minor version of what was found, \"3.12\"; empty when there is none.",
    },
)

_NONE = InterpreterInfo(files = depset(), release = "", root = "", version = "")

def _found(toolchain):
    """What a toolchain has: one that is a program of the build machine, or has no version, is none for an image."""
    runtime = getattr(toolchain, "py3_runtime", None)
    program = getattr(runtime, "interpreter", None)
    version = getattr(runtime, "interpreter_version_info", None)
    folder, _, bin = program.dirname.rpartition("/") if program else ("", "", "")
    if not version or bin != "bin":
        return _NONE
    micro = getattr(version, "micro", None)
    return InterpreterInfo(
        files = runtime.files,
        release = "{}.{}.{}".format(version.major, version.minor, micro) if micro != None else "",
        root = folder,
        version = "{}.{}".format(version.major, version.minor),
    )

def _interpreter_impl(ctx):
    return [_found(ctx.toolchains[_TOOLCHAIN])]

interpreter = rule(
    implementation = _interpreter_impl,
    doc = "Looks the interpreter up. Finding none is no error here: who needs one can say better for what.",
    toolchains = [config_common.toolchain_type(_TOOLCHAIN, mandatory = False)],
)
