"""A Python package as one executable file, so that a drop-in needs no other ruleset to run Python.

```starlark
python_zipapp(
    name = "build",
    srcs = glob(["oci_tools/*.py"]),
    module = "oci_tools.build",
)
```

One file is the same thing for a local, a sandboxed and a remote action and in runfiles: there is no import path to set
and no byte code is written beside the sources. It runs the python3 of PATH, 3.11 or later, without the
user's environment (`-I`).
"""

_ATTRS = {
    "module": attr.string(mandatory = True, doc = "What to run: a module with a function `main(arguments)` that returns the exit code."),
    "srcs": attr.label_list(allow_files = [".py"], mandatory = True, doc = "The files of one package, all in one folder."),
    "_zip_tool": attr.label(
        default = ":zip_tool.py",
        allow_single_file = True,
        cfg = "exec",
        doc = "The program that makes the one file.",
        executable = True,
    ),
}

def _python_zipapp_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name + ".pyz")
    args = ctx.actions.args()
    args.add_all([output, ctx.attr.module])
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = ctx.executable._zip_tool,
        arguments = [args],
        inputs = ctx.files.srcs,
        outputs = [output],
        mnemonic = "PythonZipapp",
        progress_message = "Zipping %{label}",
        use_default_shell_env = True,
    )
    return [DefaultInfo(executable = output, files = depset([output]))]

python_zipapp = rule(
    implementation = _python_zipapp_impl,
    attrs = _ATTRS,
    executable = True,
    doc = "Zips a Python package to one executable file.",
)
