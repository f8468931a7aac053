"""The virtual environment of one image: checks that it fits, and hands its layers on.

    load("//images/private:image_venv.bzl", "image_venv")

    image_venv(
        name = "train_py311_amd64_venv",
        arch = "amd64",
        python = "3.11",
        venv = ":train_venv_amd64",
    )
"""

load("//tools/layer:providers.bzl", "LayerAnnotationsInfo")
load("//venv:providers.bzl", "VenvInfo")

_DOC = "Checks that a virtual environment is for the image's Python and architecture. Its output are the layers."

_ATTRS = {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
    ),
    "closure": attr.label(
        doc = "The `library_closure` of the image: it is checked when the image is built.",
    ),
    "python": attr.string(
        doc = "The image's Python.",
        mandatory = True,
    ),
    "venv": attr.label(
        doc = "The environment.",
        mandatory = True,
        providers = [VenvInfo],
    ),
}

def _image_venv_impl(ctx):
    venv = ctx.attr.venv[VenvInfo]
    for attribute, wanted, found in [
        ("python", ctx.attr.python, venv.python),
        ("arch", ctx.attr.arch, venv.arch),
    ]:
        if wanted != found:
            fail("{}: {} = \"{}\", but venv = \"{}\" is for {}; use an environment for {}".format(
                ctx.label,
                attribute,
                wanted,
                ctx.attr.venv.label,
                found,
                wanted,
            ))
    return [
        DefaultInfo(files = depset(venv.layers)),
        OutputGroupInfo(oci_descriptors = ctx.attr.venv[OutputGroupInfo].oci_descriptors),
        venv,
        ctx.attr.venv[LayerAnnotationsInfo],
    ]

image_venv = rule(
    implementation = _image_venv_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [LayerAnnotationsInfo, VenvInfo],
)
