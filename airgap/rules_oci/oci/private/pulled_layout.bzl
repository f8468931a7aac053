"""A pulled image as a folder, which is what the rules take for a base."""

load(":build_tool.bzl", "BUILD_TOOL_ATTRS", "run_build_tool")

_ATTRS = BUILD_TOOL_ATTRS | {
    "srcs": attr.label_list(allow_files = True, mandatory = True, doc = "The files of an image layout."),
}

def _pulled_layout_impl(ctx):
    output = ctx.actions.declare_directory("layout")
    args = ctx.actions.args()
    args.add(output.path)
    args.add(ctx.label.workspace_root)
    args.add_all(ctx.files.srcs)
    run_build_tool(
        ctx,
        "layout",
        args,
        inputs = ctx.files.srcs,
        outputs = [output],
        # The output is hard links to files that are here anyway: moving it to a cache and back costs more.
        execution_requirements = {"no-cache": "1", "no-remote": "1"},
        mnemonic = "OCILayout",
        progress_message = "OCI Layout %{label}",
    )
    return [DefaultInfo(files = depset([output]), runfiles = ctx.runfiles([output]))]

pulled_layout = rule(
    implementation = _pulled_layout_impl,
    attrs = _ATTRS,
    doc = "Puts the files of an image layout into one folder, as hard links where that works.",
)
