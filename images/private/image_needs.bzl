"""What it takes to tell which libraries the environment of an image needs: the facts, and no verdict.

```starlark
image_needs(
    name = "train_py311_amd64_needs",
    apt_base = "//images:python3.11_amd64",
    arch = "amd64",
    base = "//images:runtime_py311_amd64",
    suite = "bookworm",
    venv = ":train_venv_amd64",
)
```

It doesn't know the packages that are laid on the image for the environment's sake, so it is there before they are locked.
"""

load("//apt:defs.bzl", "AptLayerInfo")
load("//images:config.bzl", "RUNTIMES")
load("//venv:providers.bzl", "VenvInfo")
load(":layer_libraries.bzl", "ElfScanInfo", "layer_libraries")

SUITES = {row.suite: None for row in RUNTIMES}.keys()

ImageNeedsInfo = provider(
    doc = "An image's layers below its environment, and the environment, as facts about libraries.",
    fields = {
        "apt": "AptLayerInfo: what is installed below the environment.",
        "arch": "string: Debian's name of the architecture.",
        "base": "depset of Files: JSON as of //tools/elf_scan:facts.py for what lies below, the lowest layer first.",
        "hints": "list of Files: what no ELF file says; later ones come first.",
        "suite": "string: the Debian suite whose packages there are.",
        "wheels": "depset of Files in postorder: the same JSON for the environment.",
    },
)

_DOC = "Gathers the facts. Its output are all of them."

_ATTRS = {
    "apt_base": attr.label(
        doc = "The apt layer or `apt_base` that says what is installed, unless one of `layers` does.",
        mandatory = True,
        providers = [AptLayerInfo],
    ),
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
        values = ["amd64", "arm64"],
    ),
    "base": attr.label(
        aspects = [layer_libraries],
        doc = "The image below, if there is one.",
    ),
    "hints": attr.label_list(
        allow_files = [".json"],
        doc = "What no ELF file says, beside `//tools/lib_closure:hints.json`: files of the same form.",
    ),
    "layers": attr.label_list(
        aspects = [layer_libraries],
        doc = "Layers on it, the lowest first.",
    ),
    "suite": attr.string(
        doc = "The Debian suite whose packages there are.",
        mandatory = True,
        values = SUITES,
    ),
    "venv": attr.label(
        doc = "The environment.",
        mandatory = True,
        providers = [VenvInfo],
    ),
    "_hints": attr.label(
        allow_single_file = True,
        default = "//tools/lib_closure:hints.json",
        doc = "What is known of distributions.",
    ),
}

def _image_needs_impl(ctx):
    below = ([ctx.attr.base] if ctx.attr.base else []) + ctx.attr.layers
    base = depset(
        order = "postorder",
        transitive = [target[ElfScanInfo].files for target in below],
    )
    apt = [target[AptLayerInfo] for target in [ctx.attr.apt_base] + ctx.attr.layers if AptLayerInfo in target]
    venv = ctx.attr.venv[VenvInfo]
    return [
        DefaultInfo(files = depset(order = "postorder", transitive = [base, venv.libraries])),
        apt[-1],
        ImageNeedsInfo(
            apt = apt[-1],
            arch = ctx.attr.arch,
            base = base,
            hints = [ctx.file._hints] + ctx.files.hints,
            suite = ctx.attr.suite,
            wheels = venv.libraries,
        ),
    ]

image_needs = rule(
    implementation = _image_needs_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [AptLayerInfo, ImageNeedsInfo],
)
