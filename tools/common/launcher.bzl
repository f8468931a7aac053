"""Executables that are one program of ours with something to work on: for `bazel run` and `bazel test`.

```starlark
load("//tools/common:launcher.bzl", "launcher")

def _image_shell_impl(ctx):
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {"IMAGE_RUN_LAYOUT": ctx.file.image.short_path},
        data = [ctx.attr.image],
    )
```

The program is linked under the target's name. What it is to do, it learns from environment variables, whose paths are
those in its runfiles.
"""

def launcher(ctx, program, environment, files = [], transitive_files = depset(), data = []):
    """Makes the providers of an executable rule.

    Args:
        ctx: context of the rule.
        program: executable Target that does the work.
        environment: dictionary of variables for it.
        files: list of File that it needs.
        transitive_files: depset of File that it needs, too.
        data: list of Target that it needs, with their runfiles.

    Returns:
        A list of providers.
    """
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = program[DefaultInfo].files_to_run.executable,
        is_executable = True,
    )
    runfiles = ctx.runfiles(
        files = files,
        transitive_files = depset(transitive = [transitive_files] + [target[DefaultInfo].files for target in data]),
    )
    return [
        DefaultInfo(
            executable = executable,
            runfiles = runfiles.merge_all([target[DefaultInfo].default_runfiles for target in [program] + data]),
        ),
        RunEnvironmentInfo(environment = environment),
    ]
