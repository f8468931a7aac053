"""`py_library`: Python files that other targets import."""

load(":common.bzl", "LIBRARY_ATTRS", "make_py_info", "make_runfiles")

_DOC = """Python files that other targets import.

```starlark
py_library(
    name = "greeting",
    srcs = ["greeting.py"],
)
```
"""

def _py_library_impl(ctx):
    info = make_py_info(ctx)
    return [
        DefaultInfo(
            files = depset(ctx.files.srcs),
            runfiles = make_runfiles(ctx),
        ),
        info,
        coverage_common.instrumented_files_info(
            ctx,
            source_attributes = ["srcs"],
            dependency_attributes = ["deps", "data"],
            extensions = ["py"],
        ),
    ]

py_library = rule(
    implementation = _py_library_impl,
    doc = _DOC,
    attrs = LIBRARY_ATTRS,
    provides = [DefaultInfo],
)
