"""oci_load as a rule: `bazel run` loads an image into docker, podman or nerdctl, without a registry.

```starlark
oci_load(
    name = "load",
    image = ":image",
    repo_tags = ["team/app:latest"],
)
```
"""

load(":build_tool.bzl", "BUILD_TOOL_ATTRS", "run_build_tool")
load(":launcher.bzl", "launcher", "rlocation")

_DOC = """Loads an image into the container engine of this machine.

The output group `tarball` has the tar file that the engine reads, for those who want it as a file; `bazel run` does
not make it. Most users want the macro."""

_ATTRS = BUILD_TOOL_ATTRS | {
    "format": attr.string(
        default = "docker",
        values = ["docker", "oci"],
        doc = "Format of the tar: docker for an oci_image, oci for an oci_image_index.",
    ),
    "image": attr.label(allow_single_file = True, mandatory = True, doc = "An image layout."),
    "loader": attr.label(
        allow_files = True,
        cfg = "target",
        executable = True,
        doc = "Program that is called as `LOADER load --input FILE`, instead of docker, podman or nerdctl on PATH.",
    ),
    "repo_tags": attr.label(
        allow_single_file = [".txt"],
        mandatory = True,
        doc = "A file with one name, such as team/app:latest, a line.",
    ),
    "_load": attr.label(
        default = Label("//oci/private:load"),
        allow_single_file = True,
        cfg = "exec",
        doc = "The program that `bazel run` starts.",
    ),
}

def _archive(ctx, command, mnemonic, extra, output):
    """Runs a subcommand of the archive tool on the image, its links included."""
    args = ctx.actions.args()
    args.add(ctx.file.image.path)
    args.add_all([ctx.attr.format, extra, output])
    run_build_tool(
        ctx,
        command,
        args,
        inputs = depset([ctx.file.image, extra], transitive = [ctx.attr.image[DefaultInfo].default_runfiles.files]),
        outputs = [output],
        mnemonic = mnemonic,
        progress_message = "OCI Tarball %{label}",
    )

def _oci_load_impl(ctx):
    manifest = ctx.actions.declare_file("%s/manifest.json" % ctx.label.name)
    tarball = ctx.actions.declare_file("%s/tarball.tar" % ctx.label.name)
    _archive(ctx, "archive-manifest", "OCITarballManifest", ctx.file.repo_tags, manifest)
    _archive(ctx, "archive", "OCITarball", manifest, tarball)

    executable, files = launcher(ctx, "load_" + ctx.label.name, ctx.file._load, {
        "format": ctx.attr.format,
        "image": rlocation(ctx, ctx.file.image),
        "loader": rlocation(ctx, ctx.executable.loader),
        "manifest": rlocation(ctx, manifest),
    })
    runfiles = ctx.runfiles(files = files + [ctx.file.image, manifest])
    runfiles = runfiles.merge(ctx.attr.image[DefaultInfo].default_runfiles)
    if ctx.attr.loader:
        runfiles = runfiles.merge(ctx.runfiles([ctx.executable.loader]))
        runfiles = runfiles.merge(ctx.attr.loader[DefaultInfo].default_runfiles)
    return [
        DefaultInfo(executable = executable, runfiles = runfiles),
        OutputGroupInfo(tarball = depset([tarball])),
    ]

oci_load = rule(
    implementation = _oci_load_impl,
    attrs = _ATTRS,
    doc = _DOC,
    executable = True,
)
