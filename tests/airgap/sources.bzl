"""This repository's own files as test data: .bazelignore hides airgap/ from labels, on purpose.

```starlark
sources = use_extension("//tests/airgap:sources.bzl", "sources", dev_dependency = True)
use_repo(sources, "airgap_sources")
```

`@airgap_sources//:files` has `airgap.tar`, the folder with the drop-ins, and `bazelrc`, `MODULE.bazel.txt` and `mode`:
`airgap` when this build uses the drop-ins, `registry` when it uses the real modules.
"""

_BUILD = """\
filegroup(
    name = "files",
    srcs = [
        "MODULE.bazel.txt",
        "airgap.tar",
        "bazelrc",
        "mode",
    ],
    visibility = ["//visibility:public"],
)
"""

_TAR = """
import sys, tarfile
with tarfile.open("airgap.tar", "w") as archive:
    archive.add(sys.argv[1], "airgap", filter = lambda entry: None if "__pycache__" in entry.name else entry)
"""

def _airgap_sources_impl(rctx):
    root = rctx.path(Label("//:MODULE.bazel")).dirname
    rctx.watch_tree(root.get_child("airgap"))
    result = rctx.execute(["python3", "-c", _TAR, root.get_child("airgap")])
    if result.return_code:
        fail("can't pack %s:\n%s" % (root.get_child("airgap"), result.stderr))
    rules_oci = rctx.path(Label("@rules_oci//:MODULE.bazel")).realpath
    is_airgap = str(rules_oci).startswith(str(root.get_child("airgap").realpath) + "/")
    rctx.file("mode", "airgap" if is_airgap else "registry", executable = False)
    rctx.file("bazelrc", rctx.read(root.get_child(".bazelrc")), executable = False)
    rctx.file("MODULE.bazel.txt", rctx.read(root.get_child("MODULE.bazel")), executable = False)
    rctx.file("BUILD.bazel", _BUILD, executable = False)

_airgap_sources = repository_rule(
    implementation = _airgap_sources_impl,
    doc = "The drop-ins and what selects them.",
)

def _sources_impl(_module_ctx):
    _airgap_sources(name = "airgap_sources")

sources = module_extension(
    implementation = _sources_impl,
    doc = "Declares `airgap_sources`.",
)
