"""Rule that turns a locked .deb into a layer part."""

load("//apt/private:providers.bzl", "DebInfo")
load("//tools/common:worker.bzl", "WORKER")

_DOC = """Unpacks one .deb into a layer part, once for all layers that have it.

```starlark
deb_part(
    name = "bash.amd64",
    architecture = "amd64",
    deb = "@bookworm_bash_5.2.15-2-b13_amd64//:package.deb",
    package = "bash",
    refresh = "./bazelw run //apt:lock -- bookworm",
    sha256 = "82130bb6...",
    version = "5.2.15-2+b13",
)
```
"""

_ATTRS = {
    "architecture": attr.string(mandatory = True, doc = "The package's architecture: `all` or a CPU's."),
    "deb": attr.label(mandatory = True, allow_single_file = [".deb"], doc = "The .deb."),
    "merged_usr": attr.bool(default = True, doc = "Whether /bin, /lib and /sbin are links into /usr in the image."),
    "package": attr.string(mandatory = True, doc = "The package's name."),
    "refresh": attr.string(mandatory = True, doc = "The command that writes the lock anew, for messages."),
    "sha256": attr.string(mandatory = True, doc = "The hash that the lock has; checked once more when unpacking."),
    "version": attr.string(mandatory = True, doc = "The package's version."),
    "_excludes": attr.label(default = "//apt/policy:path-excludes.json", allow_single_file = True, doc = "Path rules."),
    "_tool": attr.label(default = "//tools/deb_part", executable = True, cfg = "exec", doc = "The unpacker."),
}

def _deb_part_impl(ctx):
    part = ctx.actions.declare_file(ctx.label.name + ".part.tar.gz")
    facts = ctx.actions.declare_file(ctx.label.name + ".json")
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--deb", ctx.file.deb)
    args.add("--package", ctx.attr.package)
    args.add("--version", ctx.attr.version)
    args.add("--architecture", ctx.attr.architecture)
    args.add("--sha256", ctx.attr.sha256)
    args.add("--refresh", ctx.attr.refresh)
    args.add("--excludes", ctx.file._excludes)
    if ctx.attr.merged_usr:
        args.add("--merged-usr")
    args.add("--part", part)
    args.add("--facts", facts)
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        execution_requirements = WORKER,
        inputs = [ctx.file.deb, ctx.file._excludes],
        outputs = [part, facts],
        mnemonic = "DebPart",
        progress_message = "Unpacking {} {}".format(ctx.attr.package, ctx.attr.version),
    )
    return [
        DefaultInfo(files = depset([part])),
        DebInfo(
            deb = ctx.file.deb,
            facts = facts,
            package = ctx.attr.package,
            part = part,
            sha256 = ctx.attr.sha256,
            version = ctx.attr.version,
        ),
    ]

deb_part = rule(
    implementation = _deb_part_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [DebInfo],
)
