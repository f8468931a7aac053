"""oci_push as a rule: `bazel run` pushes an image or an index to a registry, with crane from the toolchain.

```starlark
oci_push(
    name = "push",
    image = ":index",
    remote_tags = ["latest"],
    repository = "registry.example/team/app",
)
```
"""

load(":launcher.bzl", "launcher", "rlocation")
load(":reference.bzl", "parse_image")

_DOC = """Pushes an image or an index by its digest, then gives it the tags one by one.

`bazel run :push -- --repository REGISTRY/NAME --tag TAG` overrides the repository and adds tags. Credentials come
from the usual configuration of docker, podman or crane on the machine that runs it. Most users want the macro."""

_ATTRS = {
    "image": attr.label(allow_single_file = True, mandatory = True, doc = "An oci_image or oci_image_index."),
    "remote_tags": attr.label(allow_single_file = True, doc = "A file with one tag a line."),
    "repository": attr.string(doc = "Registry and repository, without tag and digest."),
    "repository_file": attr.label(allow_single_file = True, doc = "The same in a file, for stamping."),
    "_push": attr.label(
        default = Label("//oci/private:push"),
        allow_single_file = True,
        cfg = "exec",
        doc = "The program that `bazel run` starts.",
    ),
}

_CRANE_TOOLCHAIN = "@rules_oci//oci:crane_toolchain_type"

def _oci_push_impl(ctx):
    if not ctx.file.image.is_directory:
        fail("%s: 'image' must be an oci_image or an oci_image_index, but %s is a plain file." % (ctx.label, ctx.attr.image.label))
    reference = parse_image(ctx.attr.repository)
    if reference.digest or reference.tag:
        fail("%s: 'repository' must have neither digest nor tag, got '%s'. Tags go to 'remote_tags'." % (ctx.label, ctx.attr.repository))

    crane = ctx.toolchains[_CRANE_TOOLCHAIN]
    executable, files = launcher(ctx, "push_" + ctx.label.name, ctx.file._push, {
        "crane": rlocation(ctx, crane.crane_info.binary),
        "image": rlocation(ctx, ctx.file.image),
        "remote_tags": rlocation(ctx, ctx.file.remote_tags),
        "repository": ctx.attr.repository,
        "repository_file": rlocation(ctx, ctx.file.repository_file),
    })
    files += [ctx.file.image] + ctx.files.remote_tags + ctx.files.repository_file
    runfiles = ctx.runfiles(files = files)
    runfiles = runfiles.merge(ctx.attr.image[DefaultInfo].default_runfiles)
    runfiles = runfiles.merge(crane.default.default_runfiles)
    return [DefaultInfo(executable = executable, runfiles = runfiles)]

oci_push = rule(
    implementation = _oci_push_impl,
    attrs = _ATTRS,
    doc = _DOC,
    executable = True,
    toolchains = [_CRANE_TOOLCHAIN],
)
