"""Implementation of the rule container_structure_test."""

_DOC = """Tests an image with the real container-structure-test.

By default a container engine runs the image: Docker's socket, or what `--test_env=DOCKER_HOST` says. With
`driver = "tar"` none is needed, but the image must be a tar file, and command tests don't run."""

_TOOLCHAIN = "@container_structure_test//bazel:structure_test_toolchain_type"

_ATTRS = {
    "configs": attr.label_list(allow_files = True, mandatory = True, doc = "The tests: YAML or JSON files."),
    "driver": attr.string(
        default = "docker",
        values = ["docker", "tar", "host"],
        doc = "What gives access to the image's files.",
    ),
    "image": attr.label(
        allow_files = True,
        doc = "An image layout, or a tar file: the output group oci_layout or oci_tarball, else the only file.",
    ),
    "platform": attr.string(default = "linux/amd64", doc = "The platform to run, where the engine can choose."),
    "_run_test": attr.label(
        default = Label("//bazel:run_test.py"),
        allow_single_file = True,
        doc = "What starts the program.",
    ),
}

def _image(ctx):
    """The one file or folder that is the image."""
    groups = ctx.attr.image[OutputGroupInfo] if OutputGroupInfo in ctx.attr.image else struct()
    files = ctx.files.image
    for name in ["oci_layout", "oci_tarball"]:
        if hasattr(groups, name):
            files = getattr(groups, name).to_list()
            break
    if len(files) != 1:
        fail("%s: 'image' must be a target with exactly one file, or with an output group oci_layout or oci_tarball of one file; %s has %d." %
             (ctx.label, ctx.attr.image.label, len(files)))
    return files[0]

def _container_structure_test_impl(ctx):
    program = ctx.toolchains[_TOOLCHAIN].st_info.binary
    image = _image(ctx)
    is_tar = image.path.endswith(".tar")
    if not is_tar and ctx.attr.driver != "docker":
        fail("%s: driver = '%s' reads the image from a .tar file, but %s is none. An oci_load has one in its output group 'tarball'." %
             (ctx.label, ctx.attr.driver, ctx.attr.image.label))

    executable = ctx.actions.declare_file(ctx.label.name)
    settings = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.symlink(output = executable, target_file = ctx.file._run_test, is_executable = True)
    ctx.actions.write(settings, json.encode_indent({
        "configs": [config.short_path for config in ctx.files.configs],
        "driver": ctx.attr.driver,
        "image": image.short_path,
        "image_is_tar": is_tar,
        "platform": ctx.attr.platform,
        "program": program.short_path,
    }) + "\n")
    runfiles = ctx.runfiles([settings, program, image] + ctx.files.configs)
    return [DefaultInfo(
        executable = executable,
        runfiles = runfiles.merge(ctx.attr.image[DefaultInfo].default_runfiles),
    )]

container_structure_test = rule(
    implementation = _container_structure_test_impl,
    attrs = _ATTRS,
    doc = _DOC,
    test = True,
    toolchains = [_TOOLCHAIN],
)
