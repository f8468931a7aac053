"""The aspect that tells which libraries an image has: one action for each layer, whatever images are made of it.

```starlark
my_rule = rule(
    attrs = {"image": attr.label(aspects = [layer_libraries])},
    ...
)

def _my_rule_impl(ctx):
    files = ctx.attr.image[ElfScanInfo].files  # of all layers, the lowest first
```

To see them: `bazel build --aspects=//images/private:layer_libraries.bzl%layer_libraries --output_groups=layer_libraries
IMAGE`.
"""

load("//tools/common:worker.bzl", "WORKER")
load("//venv:providers.bzl", "VenvInfo")

ElfScanInfo = provider(
    doc = "What the dynamic loader would read of the files in an image or a layer.",
    fields = {
        "files": "depset of Files in postorder: JSON as of //tools/elf_scan:facts.py for each layer or what it is made " +
                 "of, the lowest first.",
    },
)

_DOC = """Looks into the layers of an image: `tars` and `base` of `oci_image`, `image` of what wraps one.

Of a virtual environment its wheels tell, which were looked into when they were installed. What is neither, a layer or
a pulled image, is read by an action of its own target, so that all images on it share it."""

def _read(ctx, name, sources):
    """Declares the action that reads layers, or an image; returns its output."""
    output = ctx.actions.declare_file(name + ".elf.json")
    args = ctx.actions.args()
    args.use_param_file("@%s", use_always = True)
    args.set_param_file_format("multiline")
    args.add("--output", output)
    args.add_all(sources.files, expand_directories = False)
    ctx.actions.run(
        mnemonic = "LayerLibraries",
        progress_message = "Looking for libraries in %{label}",
        executable = ctx.executable._layer_libraries_tool,
        arguments = [args],
        execution_requirements = WORKER,
        # The layers in an image's folder may be links to files beside it.
        inputs = depset(transitive = [sources.files, sources.default_runfiles.files]),
        outputs = [output],
    )
    return output

def _of_image(ctx):
    """What the parts of an image have. The aspect sees no source files, so these are read for the image."""
    base = getattr(ctx.rule.attr, "base", None)
    below = []
    for number, part in enumerate(([base] if base else []) + ctx.rule.attr.tars):
        if ElfScanInfo in part:
            below.append(part[ElfScanInfo].files)
        else:
            below.append(depset([_read(ctx, "{}.{}".format(ctx.label.name, number), part[DefaultInfo])]))
    return depset(order = "postorder", transitive = below)

def _layer_libraries_impl(target, ctx):
    wrapped = getattr(ctx.rule.attr, "image", None)
    if VenvInfo in target:
        files = target[VenvInfo].libraries
    elif hasattr(ctx.rule.attr, "tars"):
        files = _of_image(ctx)
    elif type(wrapped) == "Target" and ElfScanInfo in wrapped:
        files = wrapped[ElfScanInfo].files
    else:
        files = depset([_read(ctx, ctx.label.name, target[DefaultInfo])], order = "postorder")
    return [
        ElfScanInfo(files = files),
        OutputGroupInfo(layer_libraries = files),
    ]

layer_libraries = aspect(
    implementation = _layer_libraries_impl,
    doc = _DOC,
    attr_aspects = ["base", "image", "tars"],
    attrs = {
        "_layer_libraries_tool": attr.label(
            cfg = "exec",
            default = "//tools/layer_libraries",
            doc = "Reads layers.",
            executable = True,
        ),
    },
    provides = [ElfScanInfo],
)
