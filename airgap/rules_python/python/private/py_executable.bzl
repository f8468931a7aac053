"""`py_binary` and `py_test`: Python programs started through a small stub."""

load("@rules_python_host//:host.bzl", "HOST_PYTHON", "HOST_RUNTIME")
load(":common.bzl", "LIBRARY_ATTRS", "make_py_info", "make_runfiles")

_FLAG = str(Label("//python/config_settings:python_version"))

_BINARY_DOC = """A Python program.

```starlark
py_binary(
    name = "greet",
    srcs = ["greet.py"],
    deps = [":greeting"],
)
```
"""

_TEST_DOC = """A Python program that passes by exiting with 0.

```starlark
py_test(
    name = "greeting_test",
    srcs = ["greeting_test.py"],
    deps = [":greeting"],
)
```
"""

_ATTRS = LIBRARY_ATTRS | {
    "env": attr.string_dict(
        doc = "Environment variables set by `bazel run` and `bazel test`; `$(location)` is expanded.",
    ),
    "interpreter_args": attr.string_list(
        doc = "Options for the interpreter itself, such as `-X dev`.",
    ),
    "legacy_create_init": attr.int(
        doc = "Accepted and ignored: folders without `__init__.py` are namespace packages.",
        default = -1,
        values = [-1, 0, 1],
    ),
    "main": attr.label(
        doc = "The file to run; the one in `srcs` named like the target if unset.",
        allow_single_file = True,
    ),
    "main_module": attr.string(
        doc = "The module to run as `python -m` does; instead of `main`.",
    ),
    "python_version": attr.string(
        doc = "The Python version, such as 3.11, whose wheels are depended on; the default version if unset.",
    ),
    "stamp": attr.int(
        doc = "Accepted and ignored: nothing is stamped.",
        default = -1,
        values = [-1, 0, 1],
    ),
    "_allowlist_function_transition": attr.label(
        doc = "What Bazel asks of a rule with a transition.",
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
    "_stub": attr.label(
        doc = "The template of the program that finds the interpreter and the runfiles and starts `main`.",
        default = "//python/private:stub.py.tmpl",
        allow_single_file = True,
    ),
}

_TEST_ATTRS = _ATTRS | {
    "env_inherit": attr.string_list(
        doc = "Names of variables taken over from the environment of `bazel test`.",
    ),
}

def _python_version_transition_impl(settings, attr):
    return {_FLAG: attr.python_version or settings[_FLAG]}

_python_version_transition = transition(
    implementation = _python_version_transition_impl,
    inputs = [_FLAG],
    outputs = [_FLAG],
)

def _find_main(ctx):
    """Returns the file to run, or None when a module is run."""
    if ctx.attr.main_module:
        if ctx.file.main:
            fail("{}: main and main_module are both set; keep one".format(ctx.label))
        return None
    if ctx.file.main:
        return ctx.file.main
    wanted = ctx.label.name.split("/")[-1] + ".py"
    found = [file for file in ctx.files.srcs if file.basename == wanted]
    if len(found) != 1:
        fail("{}: {} file named {} in srcs; set main to the file that starts the program".format(
            ctx.label,
            "more than one" if found else "no",
            wanted,
        ))
    return found[0]

def _runfiles_path(ctx, file):
    if file.short_path.startswith("../"):
        return file.short_path[len("../"):]
    return ctx.workspace_name + "/" + file.short_path

def _shebang(ctx):
    """Returns the first line of the stub.

    The options keep the machine out: -I ignores PYTHON* variables and the user's site-packages, -S the
    system's, -B writes no byte code, and UTF-8 holds in every locale.
    """
    options = "-BISXutf8"
    if not ctx.attr.interpreter_args:
        return "{} {}".format(HOST_PYTHON, options)
    return "/usr/bin/env -S {} {} {}".format(HOST_PYTHON, options, " ".join(ctx.attr.interpreter_args))

def _write_stub(ctx, info, main):
    stub = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.expand_template(
        template = ctx.file._stub,
        output = stub,
        is_executable = True,
        substitutions = {
            "%IMPORTS%": repr([ctx.workspace_name] + [
                path
                for path in info.imports.to_list()
                if path != ctx.workspace_name
            ]),
            "%MAIN%": repr(_runfiles_path(ctx, main) if main else ""),
            "%MODULE%": repr(ctx.attr.main_module),
            "%RUNTIME%": HOST_RUNTIME,
            "%SHEBANG%": _shebang(ctx),
            "%STUB%": repr(_runfiles_path(ctx, stub)),
        },
    )
    return stub

def _run_environment(ctx):
    return RunEnvironmentInfo(
        environment = {
            name: ctx.expand_make_variables("env", ctx.expand_location(value, ctx.attr.data), {})
            for name, value in ctx.attr.env.items()
        },
        inherited_environment = getattr(ctx.attr, "env_inherit", []),
    )

def _py_executable_impl(ctx):
    info = make_py_info(ctx)
    main = _find_main(ctx)
    stub = _write_stub(ctx, info, main)
    runfiles = make_runfiles(ctx, files = [stub] + ([main] if main else []))
    return [
        DefaultInfo(
            executable = stub,
            # With the sources, as upstream: $(rootpath) of a program is ambiguous in `env`, not in `args`.
            files = depset([stub] + ctx.files.srcs),
            runfiles = runfiles.merge(ctx.runfiles(transitive_files = info.transitive_sources)),
        ),
        info,
        _run_environment(ctx),
        coverage_common.instrumented_files_info(
            ctx,
            source_attributes = ["srcs"],
            dependency_attributes = ["deps", "data"],
            extensions = ["py"],
        ),
    ]

py_binary = rule(
    implementation = _py_executable_impl,
    doc = _BINARY_DOC,
    attrs = _ATTRS,
    cfg = _python_version_transition,
    executable = True,
)

py_test = rule(
    implementation = _py_executable_impl,
    doc = _TEST_DOC,
    attrs = _TEST_ATTRS,
    cfg = _python_version_transition,
    test = True,
)
