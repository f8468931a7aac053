"""Rule that gathers the packages of a lock's set."""

load("//apt/private:providers.bzl", "AptSetInfo", "DebInfo")

_DOC = """The packages that a set installs on one architecture. Hubs of locks have one target for each.

```starlark
apt_set(
    name = "python3.11.amd64",
    arch = "amd64",
    auto = ["media-types"],
    components = ["main"],
    debs = ["//packages:media-types.amd64", "//packages:python3.11-minimal.amd64"],
    lock = "bookworm",
    on = "base.amd64",
    suite = "bookworm",
)
```
"""

_ATTRS = {
    "arch": attr.string(mandatory = True, doc = "Debian's name of the architecture."),
    "auto": attr.string_list(doc = "Those of the packages that only dependencies asked for."),
    "closure": attr.string(
        default = "apt",
        values = ["apt", "elf"],
        doc = "`apt`: all that Depends name is there; `elf`: only what ELF files need, so that some of it is lacking.",
    ),
    "components": attr.string_list(mandatory = True, doc = "Components of the archive that were locked."),
    "debs": attr.label_list(providers = [DebInfo], doc = "What the set adds to the one that it is on."),
    "lock": attr.string(mandatory = True, doc = "Name of the hub, for messages."),
    "merged_usr": attr.bool(default = True, doc = "Whether /bin, /lib and /sbin are links into /usr in the image."),
    "on": attr.label(providers = [AptSetInfo], doc = "The set below."),
    "rights": attr.label_list(
        allow_files = [".json"],
        doc = "Which packages may give rights away, beside those of `//apt/policy:rights.json`.",
    ),
    "scripts": attr.label_list(
        allow_files = [".json"],
        doc = "What maintainer scripts would do, beside those of `//apt/policy:scripts.json`.",
    ),
    "suite": attr.string(mandatory = True, doc = "The suite, such as `bookworm`."),
}

def _apt_set_impl(ctx):
    below = ctx.attr.on[AptSetInfo] if ctx.attr.on else None
    return [AptSetInfo(
        arch = ctx.attr.arch,
        auto = (below.auto if below else []) + ctx.attr.auto,
        closure = ctx.attr.closure,
        components = ctx.attr.components,
        debs = (below.debs if below else []) + [deb[DebInfo] for deb in ctx.attr.debs],
        lock = ctx.attr.lock,
        merged_usr = ctx.attr.merged_usr,
        rights = ctx.files.rights,
        roots = [deb[DebInfo].package for deb in ctx.attr.debs if deb[DebInfo].package not in ctx.attr.auto],
        scripts = ctx.files.scripts,
        suite = ctx.attr.suite,
    )]

apt_set = rule(
    implementation = _apt_set_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [AptSetInfo],
)
