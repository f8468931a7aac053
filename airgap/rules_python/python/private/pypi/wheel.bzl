"""Repositories of one wheel: the file itself, and what is in it.

They are two so that a layer, which wants the file, never waits for gigabytes being unpacked.
"""

load("@rules_python_host//:host.bzl", "HOST_PYTHON")
load(":tool.bzl", "run_tool")

_WHEEL_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(["wheel.json", "{file}"])

filegroup(
    name = "whl_file",
    srcs = ["{file}"],
)

# The file alone, so that $(location) works; what it needs is in data.
filegroup(
    name = "whl",
    srcs = [":whl_file"],
    data = {deps},
)
"""

_LIBRARY_BUILD = """\
load("{py_library}", "py_library")

package(default_visibility = ["//visibility:public"])

filegroup(
    name = "extracted_whl_files",
    srcs = glob(["site-packages/**", "bin/**", "data/**", "include/**"], allow_empty = True),
)

filegroup(
    name = "dist_info",
    srcs = glob(["site-packages/*.dist-info/**"], allow_empty = True),
)

filegroup(
    name = "data",
    srcs = glob(["data/**", "bin/**", "include/**"], allow_empty = True),
)

py_library(
    name = "pkg",
    srcs = glob(["site-packages/**/*.py"], allow_empty = True),
    data = glob(["site-packages/**"], exclude = ["**/*.py"], allow_empty = True) + [":data"],
    imports = ["site-packages"],
    pyi_srcs = glob(["site-packages/**/*.pyi"], allow_empty = True),
    deps = {deps},
)
"""

def _labels(hub, packages, target):
    return json.encode_indent(
        ["@{}//{}:{}".format(hub, package, target) for package in packages],
        prefix = "    ",
        indent = "    ",
    )

def _pip_wheel_impl(rctx):
    rctx.report_progress("fetching {}=={}".format(rctx.attr.dist_name, rctx.attr.version))
    wheel = run_tool(rctx, HOST_PYTHON, "fetch", json.encode({
        "extras": rctx.attr.extras,
        "file": rctx.attr.lock_name,
        "hashes": rctx.attr.hashes,
        "lock": rctx.attr.lock,
        "name": rctx.attr.dist_name,
        "options": rctx.attr.options,
        "packages": rctx.attr.packages,
        "platform": rctx.attr.platform,
        "python": rctx.attr.python,
        "version": rctx.attr.version,
    }))
    if wheel["missing"]:
        # buildifier: disable=print
        print("\n{}: {}=={} wants {}, which the lock doesn't have; going on without".format(
            wheel["where"],
            rctx.attr.dist_name,
            rctx.attr.version,
            ", ".join(wheel["missing"]),
        ))
    rctx.file("wheel.json", json.encode_indent(wheel) + "\n")
    rctx.file("BUILD.bazel", _WHEEL_BUILD.format(
        deps = _labels(rctx.attr.hub, wheel["deps"], "whl"),
        file = wheel["file"],
    ))

pip_wheel = repository_rule(
    implementation = _pip_wheel_impl,
    doc = "Fetches one wheel by its hashes.",
    attrs = {
        "dist_name": attr.string(doc = "The distribution's name, as the lock spells it.", mandatory = True),
        "extras": attr.string_list(doc = "The extras asked for in the lock."),
        "hashes": attr.string_list(doc = "The files that may be fetched, as sha256:HEX.", mandatory = True),
        "hub": attr.string(doc = "The hub that dependencies are looked up in.", mandatory = True),
        # No label, and no line: a wheel is not fetched again because another pin of the lock has changed.
        "lock": attr.string(doc = "Where the lock is, for messages.", mandatory = True),
        "lock_name": attr.string(doc = "What messages call the lock.", mandatory = True),
        "options": attr.string_list(doc = "Options of the lock that say where packages are, such as --extra-index-url URL."),
        "packages": attr.string_list(doc = "Packages of the hub that exist for this platform."),
        "platform": attr.string(doc = "The platform that the wheel is for.", mandatory = True),
        "python": attr.string(doc = "The full Python version that the wheel is for.", mandatory = True),
        "version": attr.string(doc = "The distribution's version.", mandatory = True),
    },
)

def _pip_library_impl(rctx):
    wheel = json.decode(rctx.read(rctx.attr.wheel))
    file = rctx.path(rctx.attr.wheel).dirname.get_child(wheel["file"])
    rctx.report_progress("unpacking {}".format(wheel["file"]))
    run_tool(rctx, HOST_PYTHON, "unpack", json.encode({
        "compile": rctx.attr.compile,
        "wheel": str(file),
    }))
    rctx.file("BUILD.bazel", _LIBRARY_BUILD.format(
        deps = _labels(rctx.attr.hub, wheel["deps"], "pkg"),
        py_library = str(Label("//python:py_library.bzl")),
    ))

pip_library = repository_rule(
    implementation = _pip_library_impl,
    doc = "Unpacks one fetched wheel.",
    attrs = {
        "compile": attr.bool(doc = "Whether this machine's interpreter will run it: compiles its modules."),
        "hub": attr.string(doc = "The hub that dependencies are looked up in.", mandatory = True),
        "wheel": attr.label(doc = "wheel.json of the `pip_wheel` repository.", mandatory = True),
    },
)
