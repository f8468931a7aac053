"""Rules that make an image's Python compile modules while building, and that choose it by toolchain.

```starlark
byte_compiler(
    name = "python3.11_amd64",
    packages = "@bookworm//sets:python3.11.amd64",
    python = "3.11",
)
```
"""

load("//apt:defs.bzl", "AptSetInfo")
load("//tools/platforms:defs.bzl", "outside_of_images")
load("//venv:providers.bzl", "ByteCompilerInfo")

TOOLCHAIN_TYPE = Label("//tools/byte_code:toolchain_type")

# What the interpreter needs to compile, of the packages of Debian. {} is the Python.
_PACKAGES = [
    "libc6",
    "libexpat1",
    "libpython{}-minimal",
    "libpython{}-stdlib",
    "python{}-minimal",
    "zlib1g",
]

_DOC = """A Python of Debian's, unpacked from its packages so that it runs where it is not installed."""

_ATTRS = {
    "packages": attr.label(
        doc = "The set of a lock with the Python, for the architecture of the machine that builds.",
        mandatory = True,
        providers = [AptSetInfo],
    ),
    "python": attr.string(
        doc = "The Python, such as 3.11.",
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/byte_code",
        doc = "Makes the folder.",
        executable = True,
    ),
}

def _byte_compiler_impl(ctx):
    names = [name.format(ctx.attr.python) for name in _PACKAGES]
    debs = [deb.deb for deb in ctx.attr.packages[AptSetInfo].debs if deb.package in names]
    root = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add("--python", ctx.attr.python)
    args.add_all("--root", [root], expand_directories = False)
    args.add_all(debs)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = debs,
        outputs = [root],
        mnemonic = "ByteCompiler",
        progress_message = "Making Python {} ready to compile".format(ctx.attr.python),
    )
    info = ByteCompilerInfo(python = ctx.attr.python, root = root)
    return [
        DefaultInfo(files = depset([root])),
        info,
        platform_common.ToolchainInfo(byte_compiler_info = info),
    ]

byte_compiler = rule(
    implementation = _byte_compiler_impl,
    doc = _DOC,
    attrs = _ATTRS,
    # It is found among wheels, and made once for the wheels of all architectures.
    cfg = outside_of_images,
    provides = [ByteCompilerInfo],
)

def _current_byte_compiler_impl(ctx):
    toolchain = ctx.toolchains[TOOLCHAIN_TYPE]
    if toolchain:
        return [toolchain.byte_compiler_info]
    return [ByteCompilerInfo(python = None, root = None)]

current_byte_compiler = rule(
    implementation = _current_byte_compiler_impl,
    doc = "The compiler for the Python of the configuration, on this machine; `root` is None where there is none.",
    provides = [ByteCompilerInfo],
    toolchains = [config_common.toolchain_type(TOOLCHAIN_TYPE, mandatory = False)],
)
