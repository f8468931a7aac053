"""Which libraries the environment of an image needs, and where each comes from.

```starlark
resolved_libraries(
    name = "train_py311_amd64_resolved",
    added = ":train_py311_amd64_libraries",
    needs = ":train_py311_amd64_needs",
)

library_closure(
    name = "train_py311_amd64_closure",
    pkgdeps = "train_py311.pkgdeps.json",
    resolved = ":train_py311_amd64_resolved",
    update = "./bazelw run //app:train_py311_pkgdeps",
)
```
"""

load(":image_needs.bzl", "ImageNeedsInfo", "SUITES")
load(":layer_libraries.bzl", "ElfScanInfo", "layer_libraries")

_DOC = """Checks that an image has the libraries that its environment needs, and needs those that it has.

That is a validation: a build of whatever uses the target fails with a list. The output is that of `resolved`."""

_RESOLVED_DOC = """Resolves by the loader's rules what the files of an environment need, in the image that has it.

The output, NAME.json, has every edge from a file to a library; it is written whatever was found. Bazel runs the checks of
all that a target is made from, so who asks why a check fails must not be made from a `library_closure`, but from this."""

ResolvedLibrariesInfo = provider(
    "The libraries of an environment, unchecked.",
    fields = {
        "closure": "File, the JSON of //tools/lib_closure.",
        "image": "What the image is called in messages.",
    },
)

CLOSURES = ["elf", "apt"]

_TOOL = {
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/lib_closure",
        doc = "Resolves and checks.",
        executable = True,
    ),
}

_RESOLVED_ATTRS = _TOOL | {
    "added": attr.label(
        aspects = [layer_libraries],
        doc = "The layer with the packages that the environment needs, if it needs any.",
    ),
    "needs": attr.label(
        doc = "The environment and what lies below it.",
        mandatory = True,
        providers = [ImageNeedsInfo],
    ),
    "_sonames": attr.label_list(
        allow_files = [".json"],
        default = ["//apt/locks:{}.sonames.json".format(suite) for suite in SUITES],
        doc = "Which package has which library, for each suite.",
    ),
}

_ATTRS = _TOOL | {
    "closure": attr.string(
        default = "elf",
        doc = "What `added` has: `elf`, the packages that files need; `apt`, those and all that they depend on.",
        values = CLOSURES,
    ),
    "duplicate_libraries": attr.string(
        default = "allow",
        doc = "Whether a library may be in the image twice: `allow` or `error`.",
        values = ["allow", "error"],
    ),
    "pkgdeps": attr.label(
        allow_single_file = [".json"],
        doc = "The packages that were committed; none may be needed without.",
    ),
    "resolved": attr.label(
        doc = "The libraries, a `resolved_libraries`.",
        mandatory = True,
        providers = [ResolvedLibrariesInfo],
    ),
    "update": attr.string(
        doc = "The command that writes `pkgdeps`, for messages.",
        mandatory = True,
    ),
}

def _image(ctx):
    """What the image is called in messages: its label without the architecture, which they name too."""
    name = ctx.label.name.removesuffix("_{}_resolved".format(ctx.attr.needs[ImageNeedsInfo].arch))
    return "//{}:{}".format(ctx.label.package, name)

def _resolve(ctx, closure):
    """Declares the action that writes the closure."""
    needs = ctx.attr.needs[ImageNeedsInfo]
    added = ctx.attr.added[ElfScanInfo].files if ctx.attr.added else depset()
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--name", _image(ctx))
    args.add("--arch", needs.arch)
    args.add_all(needs.base, before_each = "--base")
    args.add_all(added, before_each = "--added")
    args.add_all(needs.wheels, before_each = "--wheel")
    args.add("--suite", needs.suite)
    args.add_all(ctx.files._sonames, before_each = "--sonames")
    args.add_all(needs.hints, before_each = "--hints")
    args.add("--closure", closure)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(needs.hints + ctx.files._sonames, transitive = [needs.base, added, needs.wheels]),
        outputs = [closure],
        mnemonic = "LibraryClosure",
        progress_message = "Resolving libraries for %{label}",
    )

def _resolved_libraries_impl(ctx):
    closure = ctx.actions.declare_file(ctx.label.name + ".json")
    _resolve(ctx, closure)
    return [
        DefaultInfo(files = depset([closure])),
        ResolvedLibrariesInfo(
            closure = closure,
            image = _image(ctx),
        ),
    ]

def _check(ctx, resolved):
    """Declares the validation; returns the File that says so."""
    ok = ctx.actions.declare_file(ctx.label.name + ".checked")
    args = ctx.actions.args()
    args.add("--check")
    args.add("--name", resolved.image)
    args.add("--closure", resolved.closure)
    args.add("--kind", ctx.attr.closure)
    args.add("--update", ctx.attr.update)
    args.add_all(ctx.files.pkgdeps, before_each = "--pkgdeps")
    if ctx.attr.duplicate_libraries == "error":
        args.add("--duplicates-are-errors")
    args.add("--ok", ok)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = [resolved.closure] + ctx.files.pkgdeps,
        outputs = [ok],
        mnemonic = "LibraryCheck",
        progress_message = "Checking that %{label} has what it needs",
    )
    return ok

def _library_closure_impl(ctx):
    resolved = ctx.attr.resolved[ResolvedLibrariesInfo]
    return [
        DefaultInfo(files = depset([resolved.closure])),
        OutputGroupInfo(_validation = depset([_check(ctx, resolved)])),
    ]

resolved_libraries = rule(
    implementation = _resolved_libraries_impl,
    doc = _RESOLVED_DOC,
    attrs = _RESOLVED_ATTRS,
    provides = [ResolvedLibrariesInfo],
)

library_closure = rule(
    implementation = _library_closure_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
