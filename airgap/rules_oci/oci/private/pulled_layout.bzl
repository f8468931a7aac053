"""A pulled image as a folder, which is what the rules take for a base."""

_ATTRS = {
    "srcs": attr.label_list(allow_files = True, mandatory = True, doc = "The files of an image layout."),
    "_build": attr.label(
        default = Label("//oci/private:build"),
        executable = True,
        cfg = "exec",
        doc = "The program that the action runs.",
    ),
}

def _pulled_layout_impl(ctx):
    output = ctx.actions.declare_directory("layout")
    args = ctx.actions.args()
    args.add(output.path)
    args.add(ctx.label.workspace_root)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = ctx.executable._build,
        arguments = ["layout", args],
        inputs = ctx.files.srcs,
        outputs = [output],
        # The output is hard links to files that are here anyway: moving it to a cache and back costs more.
        execution_requirements = {"no-cache": "1", "no-remote": "1"},
        mnemonic = "OCILayout",
        progress_message = "OCI Layout %{label}",
        use_default_shell_env = True,
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output]))]

pulled_layout = rule(
    implementation = _pulled_layout_impl,
    attrs = _ATTRS,
    doc = "Puts the files of an image layout into one folder, as hard links where that works.",
)
