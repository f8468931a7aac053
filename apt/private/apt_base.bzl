"""Rule that lets apt layers lie on an image: a pulled one, or any other with dpkg's database."""

load("//apt/private:providers.bzl", "AptLayerInfo")

_DOC = """An image as the base of apt layers.

```starlark
apt_base(name = "cuda", image = "@cuda_linux_amd64", arch = "amd64")

apt_layer(name = "python", lock = "@bookworm", set = "python3.11", arch = "amd64", base = ":cuda")

oci_image(name = "app", base = "@cuda_linux_amd64", tars = [":python"])
```

Which packages the image has is known once it was read, so the layer above chooses when it is made: it adds what the
roots of its own set need and the base lacks. What the base has stays as it is, in its own version; when that does
not satisfy a dependency, the build ends with an error that names both.

The default output is dpkg's status file.
"""

_ATTRS = {
    "arch": attr.string(mandatory = True, values = ["amd64", "arm64"], doc = "Debian's name of the architecture."),
    "image": attr.label(
        mandatory = True,
        allow_single_file = True,
        doc = "The image: an `oci_image`, or a pulled one of a single platform.",
    ),
    "_tool": attr.label(default = "//tools/base_state", executable = True, cfg = "exec", doc = "Reads the image."),
}

def _apt_base_impl(ctx):
    state = ctx.actions.declare_file(ctx.label.name + ".state.json")
    status = ctx.actions.declare_file(ctx.label.name + ".status")
    args = ctx.actions.args()
    args.add_all("--image", [ctx.file.image], expand_directories = False)
    args.add("--name", str(ctx.attr.image.label))
    args.add("--arch", ctx.attr.arch)
    args.add("--state", state)
    args.add("--status", status)
    image = ctx.attr.image[DefaultInfo]
    ctx.actions.run(
        executable = ctx.executable._tool,
        arguments = [args],
        # The layers in an image's folder may be links to files beside it.
        inputs = depset(transitive = [image.files, image.default_runfiles.files]),
        outputs = [state, status],
        mnemonic = "BaseState",
        progress_message = "Reading the packages of %{label}",
    )
    return [
        DefaultInfo(files = depset([status])),
        OutputGroupInfo(state = depset([state]), status = depset([status])),
        AptLayerInfo(
            arch = ctx.attr.arch,
            layer = None,
            lock = None,
            packages = {},
            pulled = True,
            state = state,
            status = status,
            suite = None,
        ),
    ]

apt_base = rule(
    implementation = _apt_base_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [AptLayerInfo],
)
