"""`py_runtime` and `py_runtime_pair`: an interpreter as a toolchain, for rules that look for one."""

PyRuntimeInfo = provider(
    doc = "A Python interpreter and what it needs to run.",
    fields = {
        "files": "depset of File: the interpreter with its standard library.",
        "interpreter": "File: the program.",
        "interpreter_version_info": "struct of ints: `major`, `minor`, and `micro` where it was given.",
        "python_version": "str: always PY3.",
    },
)

def _version_info(ctx):
    """Returns the version as upstream does: numbers, without what was not given."""
    given = ctx.attr.interpreter_version_info
    for part in ["major", "minor"]:
        if not given.get(part, "").isdigit():
            fail("{}: interpreter_version_info = {} has no number as \"{}\"; say {{\"major\": \"3\", \"minor\": ...}}".format(
                ctx.label,
                given,
                part,
            ))
    return struct(**{part: int(given[part]) for part in ["major", "minor", "micro"] if part in given})

def _py_runtime_impl(ctx):
    interpreter = ctx.file.interpreter
    files = depset([interpreter], transitive = [target[DefaultInfo].files for target in ctx.attr.files])
    return [
        DefaultInfo(files = files),
        PyRuntimeInfo(
            files = files,
            interpreter = interpreter,
            interpreter_version_info = _version_info(ctx),
            python_version = ctx.attr.python_version,
        ),
    ]

py_runtime = rule(
    implementation = _py_runtime_impl,
    doc = """A Python interpreter.

```starlark
py_runtime(
    name = "python3.12",
    files = glob(["python/**"]),
    interpreter = "python/bin/python3.12",
    interpreter_version_info = {"major": "3", "minor": "12"},
    python_version = "PY3",
)
```""",
    attrs = {
        "files": attr.label_list(
            allow_files = True,
            doc = "What belongs to the interpreter.",
        ),
        "interpreter": attr.label(
            allow_single_file = True,
            doc = "The program.",
            mandatory = True,
        ),
        "interpreter_version_info": attr.string_dict(
            doc = "The version: `major`, `minor`, `micro`.",
        ),
        "python_version": attr.string(
            default = "PY3",
            doc = "PY3: there is no other.",
            values = ["PY3"],
        ),
    },
    provides = [PyRuntimeInfo],
)

def _py_runtime_pair_impl(ctx):
    return [platform_common.ToolchainInfo(
        py2_runtime = None,
        py3_runtime = ctx.attr.py3_runtime[PyRuntimeInfo],
    )]

py_runtime_pair = rule(
    implementation = _py_runtime_pair_impl,
    doc = """What `toolchain(toolchain_type = "@rules_python//python:toolchain_type")` leads to.

```starlark
py_runtime_pair(
    name = "python3.12_pair",
    py3_runtime = ":python3.12",
)
```""",
    attrs = {
        "py3_runtime": attr.label(
            doc = "The interpreter.",
            mandatory = True,
            providers = [PyRuntimeInfo],
        ),
    },
)
