"""Layers of NVIDIA's CUDA libraries, made from NVIDIA's wheels and laid out as in NVIDIA's own images.

    load("//images/private:cuda_layer.bzl", "cuda_runtime_layer")

    cuda_runtime_layer(
        name = "cuda12_amd64",
        arch = "amd64",
        wheels = ["@cuda12//nvidia_cuda_runtime_cu12:whl"],
    )

The layer has libcudart under /usr/local/cuda-12.8/targets/x86_64-linux/lib, the links /usr/local/cuda and
/usr/local/cuda-12, the loader's configuration, and NVIDIA's licence under /usr/share/doc. The version is the
wheel's. What the environment of such an image should be is in cuda_env.bzl.

Further components become layers of their own, so that images share them:

    cuda_runtime_layer(
        name = "cublas12_amd64",
        arch = "amd64",
        toolkit = "@cuda12//nvidia_cuda_runtime_cu12:whl",
        wheels = ["@cuda12//nvidia_cublas_cu12:whl"],
    )
"""

load("//tools/platforms:defs.bzl", "for_image")

_DOC = "Makes a layer (.tar.gz) of the shared libraries and licences in NVIDIA's wheels."

_ATTRS = {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it: pip hubs give the wheels for it.",
        mandatory = True,
        values = ["amd64", "arm64"],
    ),
    "toolkit": attr.label(
        doc = """The wheel of the CUDA runtime in a layer below. It names the folder and is not in this layer.
Without it one of `wheels` must be the CUDA runtime.""",
        allow_files = [".whl"],
        cfg = for_image,
    ),
    "wheels": attr.label_list(
        doc = "NVIDIA's wheels: files, or the targets `:whl` of a pip hub.",
        allow_empty = False,
        allow_files = [".whl"],
        cfg = for_image,
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/cuda_layer",
        doc = "Writes the layer.",
        executable = True,
    ),
}

def _cuda_runtime_layer_impl(ctx):
    output = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    args = ctx.actions.args()
    args.add("--arch", ctx.attr.arch)
    args.add("--output", output)
    args.add_all(ctx.files.toolkit, before_each = "--toolkit")
    args.add_all(ctx.files.wheels)
    ctx.actions.run(
        mnemonic = "CudaLayer",
        progress_message = "Laying out CUDA libraries for %{label}",
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = ctx.files.wheels + ctx.files.toolkit,
        outputs = [output],
    )
    return [DefaultInfo(files = depset([output]))]

cuda_runtime_layer = rule(
    implementation = _cuda_runtime_layer_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
