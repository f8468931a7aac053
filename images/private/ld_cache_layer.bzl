"""The topmost layer of an image: /etc/ld.so.cache for the layers below it.

    load("//images/private:ld_cache_layer.bzl", "ld_cache_layer")

    ld_cache_layer(
        name = "ld_cache_amd64",
        arch = "amd64",
        layers = [":base_amd64", ":cuda_amd64"],  # the lowest first
    )

The file is the one that the image's own ldconfig would write, made without running anything of the image.
With a pulled base:

    ld_cache_layer(
        name = "ld_cache_amd64",
        arch = "amd64",
        base = "@cuda_linux_amd64",
        layers = [":python_amd64"],
    )

Libraries that a layer above this one adds are still found in the loader's default folders, more slowly.
"""

_DOC = "Makes a layer (.tar.gz) with the /etc/ld.so.cache of a stack of layers."

_ATTRS = {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
        values = ["amd64", "arm64"],
    ),
    "base": attr.label(
        doc = "The image below the layers, if there is one: an `oci_image` or a pulled one.",
        allow_single_file = True,
    ),
    "layers": attr.label_list(
        doc = "The layers of the image in their order, the lowest first: .tar, .tar.gz or .tar.zst.",
        allow_empty = False,
        allow_files = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"],
        mandatory = True,
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/ld_cache",
        doc = "Reads the layers and writes the cache.",
        executable = True,
    ),
}

def _ld_cache_layer_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    args = ctx.actions.args()
    args.add("--arch", ctx.attr.arch)
    args.add("--output", output)
    inputs = [depset(ctx.files.layers)]
    if ctx.attr.base:
        args.add_all("--base", [ctx.file.base], expand_directories = False)

        # The layers in an image's folder may be links to files beside it.
        inputs += [ctx.attr.base[DefaultInfo].files, ctx.attr.base[DefaultInfo].default_runfiles.files]
    args.add_all(ctx.files.layers)
    ctx.actions.run(
        mnemonic = "LdCache",
        progress_message = "Computing /etc/ld.so.cache of %{label}",
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset(transitive = inputs),
        outputs = [output],
    )
    return [DefaultInfo(files = depset([output]))]

ld_cache_layer = rule(
    implementation = _ld_cache_layer_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
