"""`wheel_facts`: what a rule of this repository sees of a hub's `:whl` label, as JSON for a test.

```starlark
wheel_facts(
    name = "pytest_facts",
    platform = ":linux_aarch64",
    python_version = "3.11",
    wheel = "@dev//pytest:whl",
)
```
"""

load("@bazel_skylib//lib:paths.bzl", "paths")

_VERSION = "@rules_python//python/config_settings:python_version"
_PLATFORMS = "//command_line_option:platforms"

_ClosureInfo = provider(
    doc = "What was reached.",
    fields = {"files": "depset of File: those of each target on the way, wheels and others"},
)

def _closure_aspect_impl(target, ctx):
    return [_ClosureInfo(files = depset(transitive = [target[DefaultInfo].files] + [
        dep[_ClosureInfo].files
        for dep in getattr(ctx.rule.attr, "data", []) + getattr(ctx.rule.attr, "srcs", [])
        if _ClosureInfo in dep
    ]))]

_closure_aspect = aspect(
    implementation = _closure_aspect_impl,
    doc = "Follows `data` from a wheel to the wheels that it needs.",
    attr_aspects = ["data", "srcs"],
)

def _transition_impl(settings, attr):
    return {
        _PLATFORMS: [str(attr.platform)] if attr.platform else settings[_PLATFORMS],
        _VERSION: attr.python_version or settings[_VERSION],
    }

_transition = transition(
    implementation = _transition_impl,
    inputs = [_PLATFORMS, _VERSION],
    outputs = [_PLATFORMS, _VERSION],
)

def _wheel_facts_impl(ctx):
    # A transition on an attribute makes a list of it.
    wheel = ctx.attr.wheel[0] if type(ctx.attr.wheel) == "list" else ctx.attr.wheel
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(out, json.encode_indent({
        "closure": sorted([file.basename for file in wheel[_ClosureInfo].files.to_list() if file.extension == "whl"]),
        "files": [paths.basename(file.path) for file in wheel[DefaultInfo].files.to_list()],
    }) + "\n")
    return [DefaultInfo(files = depset([out]))]

wheel_facts = rule(
    implementation = _wheel_facts_impl,
    doc = "Writes which wheels are reached from a hub's `:whl` label.",
    attrs = {
        "platform": attr.label(doc = "The platform to look from; the target platform if unset."),
        "python_version": attr.string(doc = "The Python version to look from; the default one if unset."),
        "wheel": attr.label(
            doc = "The `:whl` label.",
            aspects = [_closure_aspect],
            cfg = _transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            doc = "What Bazel asks of a rule with a transition.",
        ),
    },
)
