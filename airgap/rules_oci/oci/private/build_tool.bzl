"""The program that all actions run, one subcommand a kind of action."""

BUILD_TOOL_ATTRS = {
    "_build": attr.label(
        default = Label("//oci/private:build"),
        executable = True,
        cfg = "exec",
        doc = "The program that actions run.",
    ),
}

def run_build_tool(ctx, command, args, **kwargs):
    """Declares an action.

    Args:
        ctx: context of a rule or an aspect that has BUILD_TOOL_ATTRS.
        command: subcommand of the program.
        args: an Args object.
        **kwargs: arguments of `ctx.actions.run`.
    """
    ctx.actions.run(
        executable = ctx.executable._build,
        arguments = [command, args],
        # PATH: the program is run by the python3 that is on it.
        use_default_shell_env = True,
        **kwargs
    )
