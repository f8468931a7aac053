"""The in-image command `find-libdeps`, as one file.

    load("//tools/elf_scan:defs.bzl", "find_libdeps")

    find_libdeps(name = "find-libdeps")
"""

_DOC = "Bundles the modules of tools/elf_scan into one executable for Python 3.9 and later, named as the target."

_ATTRS = {
    "_bundle": attr.label(
        cfg = "exec",
        default = "//tools/elf_scan:bundle",
        doc = "Writes the one file.",
        executable = True,
    ),
    "_modules": attr.label(
        default = "//tools/elf_scan:modules",
        doc = "The modules that go into it.",
    ),
}

def _find_libdeps_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    args.add("--output", output)
    args.add("--package", "tools.elf_scan")
    args.add("--main", "find_libdeps")
    args.add_all(ctx.files._modules)
    ctx.actions.run(
        mnemonic = "BundlePython",
        progress_message = "Bundling %{output}",
        executable = ctx.executable._bundle,
        arguments = [args],
        inputs = ctx.files._modules,
        outputs = [output],
    )
    return [DefaultInfo(files = depset([output]), executable = output)]

find_libdeps = rule(
    implementation = _find_libdeps_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
)
