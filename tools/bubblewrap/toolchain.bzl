"""Which bubblewrap starts images in tests and by `bazel run`.

Bubblewrap is a program of the machine, as a kernel is: it is named by its path and not built. A machine that
has it elsewhere registers its own toolchain before ours:

```starlark
load("@pycuda//tools/bubblewrap:toolchain.bzl", "bubblewrap_toolchain")

bubblewrap_toolchain(
    name = "my_bubblewrap",
    path = "/run/current-system/sw/bin/bwrap",
)

toolchain(
    name = "bubblewrap",
    toolchain = ":my_bubblewrap",
    toolchain_type = "@pycuda//tools/bubblewrap:toolchain_type",
)
```
"""

BubblewrapInfo = provider(
    doc = "Where bubblewrap is on the machine that runs tests and images.",
    fields = {"path": "Absolute path of the program bwrap, version 0.8 or later (0.11 for fast throw-away roots)."},
)

_DOC = "Names the machine's bubblewrap. The toolchain's field `bubblewrap_info` is a `BubblewrapInfo`."

_ATTRS = {
    "path": attr.string(
        doc = "Absolute path of the program. Nothing is checked before it is started.",
        mandatory = True,
    ),
}

def _bubblewrap_toolchain_impl(ctx):
    if not ctx.attr.path.startswith("/"):
        fail("{}: path = \"{}\" is not absolute; give the place where bwrap is installed".format(ctx.label, ctx.attr.path))
    return [platform_common.ToolchainInfo(bubblewrap_info = BubblewrapInfo(path = ctx.attr.path))]

bubblewrap_toolchain = rule(
    implementation = _bubblewrap_toolchain_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
