"""A program for `bazel run`: the zipped Python program under the target's name, and its settings as JSON beside it."""

def rlocation(ctx, file):
    """Where a file is in the runfiles.

    Args:
        ctx: rule context.
        file: a File, or None.

    Returns:
        The path from the root of the runfiles, empty for None.
    """
    if not file:
        return ""
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return ctx.workspace_name + "/" + file.short_path

def launcher(ctx, name, program, settings):
    """Makes the executable of a rule.

    Args:
        ctx: rule context.
        name: name of the executable, without extension.
        program: File of a python_zipapp.
        settings: what the program reads with `runfiles.settings()`.

    Returns:
        The executable, and a list of files that it needs in its runfiles.
    """
    executable = ctx.actions.declare_file(name + ".pyz")
    settings_file = ctx.actions.declare_file(name + ".json")
    ctx.actions.symlink(output = executable, target_file = program, is_executable = True)
    ctx.actions.write(settings_file, json.encode_indent(settings, indent = "  ") + "\n")
    return executable, [settings_file]
