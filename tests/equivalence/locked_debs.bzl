"""Rule that gives a test the .debs of a lock's set.

    load("//tests/equivalence:locked_debs.bzl", "locked_debs")

    locked_debs(
        name = "bookworm_debs",
        testonly = True,
        packages = "@bookworm//sets:python3.11.amd64",
    )
"""

load("//apt:defs.bzl", "AptSetInfo")

_DOC = """The .debs that a set installs, those of the sets below included, and NAME.json, which lists them."""

_ATTRS = {
    "packages": attr.label(
        doc = "The set.",
        mandatory = True,
        providers = [AptSetInfo],
    ),
}

def _runfiles_path(ctx, file):
    path = file.short_path
    return path.removeprefix("../") if path.startswith("../") else "{}/{}".format(ctx.workspace_name, path)

def _locked_debs_impl(ctx):
    packages = ctx.attr.packages[AptSetInfo]
    listing = ctx.actions.declare_file(ctx.label.name + ".json")
    content = {
        "arch": packages.arch,
        "debs": [
            {
                "auto": deb.package in packages.auto,
                "package": deb.package,
                "path": _runfiles_path(ctx, deb.deb),
            }
            for deb in packages.debs
        ],
        "suite": packages.suite,
        "version": 1,
    }
    ctx.actions.write(listing, json.encode_indent(content, indent = "  ") + "\n")
    runfiles = ctx.runfiles(files = [listing] + [deb.deb for deb in packages.debs])
    return [DefaultInfo(files = depset([listing]), runfiles = runfiles)]

locked_debs = rule(
    implementation = _locked_debs_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
