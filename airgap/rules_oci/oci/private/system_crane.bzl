"""Repositories that offer the crane of this machine as the toolchain, in the place of downloaded ones."""

_CRANE_BUILD = """\
load("@rules_oci//oci:toolchain.bzl", "crane_toolchain")

crane_toolchain(
    name = "crane_toolchain",
    crane = "crane",
    version = "{version}",
    visibility = ["//visibility:public"],
)
"""

_TOOLCHAINS_BUILD = """\
toolchain(
    name = "system_toolchain",
    toolchain = "@{crane}//:crane_toolchain",
    toolchain_type = "@rules_oci//oci:crane_toolchain_type",
)
"""

def _system_crane_impl(rctx):
    crane = rctx.which("crane")
    if not crane:
        fail("There is no crane on PATH, and oci_push needs it: install the package crane.")
    rctx.symlink(crane, "crane")
    version = rctx.execute([crane, "version"])
    known = version.return_code == 0 and version.stdout.strip()[:1].isdigit()
    rctx.file("BUILD.bazel", _CRANE_BUILD.format(version = version.stdout.strip() if known else "0.0.0"))

system_crane = repository_rule(
    implementation = _system_crane_impl,
    doc = "The crane on PATH. Fetched by those who push, not before.",
    environ = ["PATH"],
    local = True,
)

def _crane_toolchains_impl(rctx):
    rctx.file("BUILD.bazel", _TOOLCHAINS_BUILD.format(crane = rctx.attr.crane))

crane_toolchains = repository_rule(
    implementation = _crane_toolchains_impl,
    doc = "The declaration that Bazel reads to choose a toolchain, apart from crane itself.",
    attrs = {"crane": attr.string(mandatory = True, doc = "Name of the repository with crane.")},
)
