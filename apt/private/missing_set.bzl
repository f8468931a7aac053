"""Stands in a lock's hub for a set on an architecture that the lock lacks, and says so when it is asked for."""

load("//apt/private:providers.bzl", "AptSetInfo")

# Debian's architectures, so that a lock can tell one that it lacks from a misspelt one.
ARCHITECTURES = [
    "amd64",
    "arm64",
    "armel",
    "armhf",
    "i386",
    "loong64",
    "mips64el",
    "ppc64el",
    "riscv64",
    "s390x",
]

_DOC = """A set on an architecture without packages: an error for whoever uses it.

```starlark
missing_set(
    name = "base.riscv64",
    arch = "riscv64",
    known = ["amd64", "arm64"],
    lock = "bookworm",
    refresh = "./bazelw run //apt:lock -- bookworm",
)
```
"""

_ATTRS = {
    "arch": attr.string(mandatory = True, doc = "The architecture."),
    "known": attr.string_list(mandatory = True, doc = "The architectures that the lock has."),
    "lock": attr.string(mandatory = True, doc = "Name of the hub."),
    "refresh": attr.string(mandatory = True, doc = "The command that writes the lock anew."),
}

def _missing_set_impl(ctx):
    fail("{}: the lock @{} has no packages for arch = \"{}\", only for {}.\n  {}: {}".format(
        ctx.label,
        ctx.attr.lock,
        ctx.attr.arch,
        ", ".join(ctx.attr.known),
        "If the suite has it, add it to \"architectures\" in the lock's .in.json and write the lock anew",
        ctx.attr.refresh,
    ))

missing_set = rule(
    implementation = _missing_set_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [AptSetInfo],
)
