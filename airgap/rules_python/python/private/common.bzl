"""Attributes and helpers that py_library, py_binary and py_test share."""

load(":py_info.bzl", "PyInfo")

LIBRARY_ATTRS = {
    "data": attr.label_list(
        doc = "Files and targets needed when the code runs.",
        allow_files = True,
    ),
    "deps": attr.label_list(
        doc = "Python targets that the sources import.",
        providers = [[PyInfo], [DefaultInfo]],
    ),
    "imports": attr.string_list(
        doc = "Folders, relative to this package, that are added to `sys.path`.",
    ),
    "pyi_deps": attr.label_list(
        doc = "Python targets that only a type checker needs.",
        providers = [[PyInfo], [DefaultInfo]],
    ),
    "pyi_srcs": attr.label_list(
        doc = "Type stubs of the sources.",
        allow_files = [".pyi"],
    ),
    "srcs": attr.label_list(
        doc = "Python files, or targets that make them.",
        allow_files = [".py", ".py3"],
    ),
    "srcs_version": attr.string(
        doc = "Accepted and ignored: there is Python 3 only.",
        default = "PY3",
        values = ["", "PY2", "PY3", "PY2AND3", "PY2ONLY", "PY3ONLY"],
    ),
}

def _import_path(ctx, path):
    """Turns one `imports` entry into a folder below the runfiles root."""
    if path.startswith("/"):
        fail("{}: imports = [\"{}\"] is absolute; name a folder relative to this package".format(ctx.label, path))
    parts = [ctx.label.repo_name or ctx.workspace_name]
    for part in (ctx.label.package + "/" + path).split("/"):
        if part in ["", "."]:
            continue
        if part == "..":
            if not parts:
                fail("{}: imports = [\"{}\"] leaves the runfiles root".format(ctx.label, path))
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)

def _is_shared_library(file):
    return file.extension == "so" or ".so." in file.basename

def make_py_info(ctx):
    """Merges the target's own files with those of its deps.

    Args:
      ctx: the context of a rule with `LIBRARY_ATTRS`.

    Returns:
      A `PyInfo`.
    """
    deps = [dep[PyInfo] for dep in ctx.attr.deps if PyInfo in dep]
    pyi_deps = deps + [dep[PyInfo] for dep in ctx.attr.pyi_deps if PyInfo in dep]

    # What a target in srcs makes for others (the sources of a wheel, say) counts as our own.
    nested = [src[PyInfo] for src in ctx.attr.srcs if PyInfo in src]
    direct = depset(ctx.files.srcs)
    sources = depset(
        order = "postorder",
        transitive = [direct] + [info.transitive_sources for info in deps + nested],
    )
    return PyInfo(
        direct_original_sources = direct,
        direct_pyi_files = depset(ctx.files.pyi_srcs),
        imports = depset(
            [_import_path(ctx, path) for path in ctx.attr.imports],
            transitive = [info.imports for info in deps + nested],
        ),
        transitive_original_sources = sources,
        transitive_pyi_files = depset(
            ctx.files.pyi_srcs,
            transitive = [info.transitive_pyi_files for info in pyi_deps],
        ),
        transitive_sources = sources,
        uses_shared_libraries = (
            any([_is_shared_library(file) for file in ctx.files.data]) or
            any([info.uses_shared_libraries for info in deps + nested])
        ),
    )

def make_runfiles(ctx, files = []):
    """Collects what must lie in the runfiles tree when the target runs.

    Args:
      ctx: the context of a rule with `LIBRARY_ATTRS`.
      files: list of File: added to the sources and data.

    Returns:
      A `runfiles`.
    """
    runfiles = ctx.runfiles(files = files + ctx.files.srcs + ctx.files.data)
    return runfiles.merge_all([
        target[DefaultInfo].default_runfiles
        for target in ctx.attr.srcs + ctx.attr.deps + ctx.attr.data
    ])
