"""Executables that do something with one image: a Python program of ours, its runfiles, and the image's.

The program is linked under the target's name; what it is to do, it learns from environment variables, which
`bazel run` and `bazel test` set.
"""

BUBBLEWRAP = "//tools/bubblewrap:toolchain_type"

IMAGE_ATTR = {
    "image": attr.label(
        allow_files = True,
        doc = "The image: an `oci_image`, or a directory with an OCI image layout.",
        mandatory = True,
    ),
}

def image_layout(ctx):
    """The directory with the image's layout.

    Args:
        ctx: context of a rule with IMAGE_ATTR.

    Returns:
        A File.
    """
    files = ctx.files.image
    if len(files) != 1 or not files[0].is_directory:
        fail("{}: image = \"{}\" has {} files; give an oci_image, which is one directory".format(
            ctx.label,
            ctx.attr.image.label,
            len(files),
        ))
    return files[0]

def launcher(ctx, program, files, environment, transitive_files = depset()):
    """Makes the providers of an executable rule.

    Args:
        ctx: context of a rule with IMAGE_ATTR.
        program: executable Target that does the work.
        files: list of File that it needs, the image apart.
        environment: dictionary of variables for it.
        transitive_files: depset of File that it needs, too.

    Returns:
        A list of providers.
    """
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = program[DefaultInfo].files_to_run.executable,
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = files + ctx.files.image, transitive_files = transitive_files)
    return [
        DefaultInfo(
            executable = executable,
            runfiles = runfiles.merge_all([
                ctx.attr.image[DefaultInfo].default_runfiles,
                program[DefaultInfo].default_runfiles,
            ]),
        ),
        RunEnvironmentInfo(environment = environment),
    ]
