"""A pulled image as a folder, which is what rules take for an image."""

_ATTRS = {
    "srcs": attr.label_list(
        allow_files = True,
        doc = "The files of an image layout, all of one package.",
        mandatory = True,
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/base_layout",
        doc = "Puts files into a folder.",
        executable = True,
    ),
}

def _base_layout_impl(ctx):
    output = ctx.actions.declare_directory("layout")
    args = ctx.actions.args()
    args.add(output.path)
    args.add(ctx.label.workspace_root)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        mnemonic = "BaseLayout",
        progress_message = "Laying out %{label}",
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.srcs,
        outputs = [output],
        # The files are here anyway: moving them to a cache and back costs more.
        execution_requirements = {
            "no-cache": "1",
            "no-remote": "1",
        },
    )
    return [DefaultInfo(
        files = depset([output]),
        runfiles = ctx.runfiles([output]),
    )]

base_layout = rule(
    implementation = _base_layout_impl,
    attrs = _ATTRS,
    doc = "Puts the files of an image layout into one folder.",
)
