"""Rule that proposes which wheels of a virtual environment share a layer.

```starlark
venv_plan(
    name = "train_venv_plan",
    venv = ":train_venv",
)
```

    bazel run :train_venv_plan                 # a table, and text to paste into `layers`
    bazel run :train_venv_plan -- --help
"""

load("//tools/common:launcher.bzl", "launcher")
load("//venv:providers.bzl", "VenvInfo")

_DOC = """An executable that proposes `layers` for a virtual environment, so that little is pushed again.

It goes by the compressed size of each wheel, and by how often its pin has changed, in the git history of the locks in
the workspace that `bazel run` is called in. Nothing is written."""

_ATTRS = {
    "venv": attr.label(
        doc = "The environment: a `venv_layer`, or what `venv_layers` makes.",
        mandatory = True,
        providers = [VenvInfo],
    ),
    "_program": attr.label(
        cfg = "target",
        default = "//tools/venv_plan",
        doc = "Makes the proposal.",
        executable = True,
    ),
}

def _venv_plan_impl(ctx):
    venv = ctx.attr.venv[VenvInfo]
    listed = []
    files = []
    for layer, parts in venv.groups.items():
        for part in parts:
            compressed = [part.part] + ([part.byte_code] if venv.byte_code and part.byte_code else [])
            listed.append(struct(
                facts = part.facts.short_path,
                files = [file.short_path for file in compressed],
                layer = layer,
            ))
            files.extend([part.facts] + compressed)
    parts = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(parts, json.encode_indent(struct(parts = listed)))
    return launcher(
        ctx,
        program = ctx.attr._program,
        environment = {"VENV_PLAN": parts.short_path},
        files = files + [parts],
    )

venv_plan = rule(
    implementation = _venv_plan_impl,
    doc = _DOC,
    attrs = _ATTRS,
    executable = True,
)
