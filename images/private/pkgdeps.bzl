"""The command that writes which Debian packages an image's environment needs, and their lock.

```starlark
pkgdeps(
    name = "train_py311_pkgdeps",
    image = "train_py311",
    needs = [":train_py311_amd64_needs", ":train_py311_arm64_needs"],
    update = "./bazelw run //app:train_py311_pkgdeps",
)
```

    bazel run :train_py311_pkgdeps              # writes train_py311.pkgdeps.json and train_py311.apt.json
    bazel run :train_py311_pkgdeps -- --check   # writes nothing, and fails when they are stale
"""

load("//tools/common:launcher.bzl", "launcher")
load(":image_needs.bzl", "ImageNeedsInfo", "SUITES")

_DOC = """An executable that writes NAME.pkgdeps.json and NAME.apt.json beside the BUILD file, NAME being the image's.

It resolves what the environment needs, fetches the packages by the real apt-get on the image's own base, and what
these need in turn. The lock has two sets: `elf`, what files need, and `apt`, what apt would install."""

_ATTRS = {
    "apt": attr.string(
        doc = "The repository of the lock if the image has it already, such as @train_apt: the command says otherwise " +
              "what to add.",
    ),
    "image": attr.string(
        doc = "Name of the image, in this package: the files have it.",
        mandatory = True,
    ),
    "needs": attr.label_list(
        doc = "The image without those packages, on each architecture.",
        mandatory = True,
        providers = [ImageNeedsInfo],
    ),
    "update": attr.string(
        doc = "The command that runs this target, for messages.",
        mandatory = True,
    ),
    "_locks": attr.label_list(
        allow_files = [".json"],
        default = ["//apt/locks:{}.in.json".format(suite) for suite in SUITES],
        doc = "The sources of each suite.",
    ),
    "_mirrors": attr.label(
        allow_single_file = True,
        default = "@apt_mirrors//:mirrors.json",
        doc = "Where the archives are on this machine.",
    ),
    "_program": attr.label(
        cfg = "target",
        default = "//tools/pkgdeps",
        doc = "Does it.",
        executable = True,
    ),
    "_sonames": attr.label_list(
        allow_files = [".json"],
        default = ["//apt/locks:{}.sonames.json".format(suite) for suite in SUITES],
        doc = "Which package has which library, for each suite.",
    ),
}

def _paths(files):
    return [file.short_path for file in files]

def _sources(ctx, suite):
    for file in ctx.files._locks:
        if file.basename == suite + ".in.json":
            return file
    fail("{}: needs = {}: no lock is known for the suite {}".format(ctx.label, ctx.attr.needs, repr(suite)))

def _suite(ctx, needs):
    suites = {each.suite: None for each in needs}.keys()
    if len(suites) != 1:
        fail("{}: needs = {} are of the suites {}; there must be one".format(
            ctx.label,
            [str(each.label) for each in ctx.attr.needs],
            ", ".join(suites) or "none",
        ))
    return suites[0]

def _refresh(ctx, suite):
    """The command that writes the base's lock: it is this repository's, whichever workspace has the image."""
    ours = ctx.label.repo_name == Label("//:BUILD.bazel").repo_name
    return "./bazelw run //apt:lock -- " + suite + ("" if ours else ", in a checkout of pycuda")

def _plan(ctx, needs):
    """What the program is told: everything as a path in its runfiles."""
    package = ctx.label.package
    suite = _suite(ctx, needs)
    lock = "{}.apt.json".format(ctx.attr.image)
    return struct(
        apt = ctx.attr.apt,
        architectures = {
            each.arch: struct(
                base = _paths(each.base.to_list()),
                status = each.apt.status.short_path,
                wheels = _paths(each.wheels.to_list()),
            )
            for each in needs
        },
        hints = _paths(needs[0].hints),
        lock = "/".join([part for part in [package, lock] if part]),
        lock_label = "//{}:{}".format(package, lock),
        mirrors = ctx.file._mirrors.short_path,
        name = "//{}:{}".format(package, ctx.attr.image),
        pkgdeps = "/".join([part for part in [package, ctx.attr.image + ".pkgdeps.json"] if part]),
        refresh = _refresh(ctx, suite),
        sonames = _paths(ctx.files._sonames),
        sources = _sources(ctx, suite).short_path,
        suite = suite,
        update = ctx.attr.update,
        version = 1,
    )

def _pkgdeps_impl(ctx):
    needs = [each[ImageNeedsInfo] for each in ctx.attr.needs]
    plan = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(plan, json.encode_indent(_plan(ctx, needs)))
    files = ctx.files._locks + ctx.files._sonames + [ctx.file._mirrors, plan]
    for each in needs:
        files += each.hints + [each.apt.status]
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {"PKGDEPS": plan.short_path},
        files = files,
        transitive_files = depset(transitive = [each.base for each in needs] + [each.wheels for each in needs]),
    )

pkgdeps = rule(
    implementation = _pkgdeps_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
)
