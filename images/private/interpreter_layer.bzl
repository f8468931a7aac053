"""A layer with an interpreter of rules_python's, for Pythons that Debian does not package.

    load("//images:defs.bzl", "interpreter_layer")

    interpreter_layer(
        name = "python3.12_amd64",
        arch = "amd64",
        python = "3.12",
    )

The interpreter lies under /usr/local, is found on PATH as python3.12 and python3, and needs no variable to find its
library. What is left out, and what only the layer `part = "dev"` has, says //images/policy:interpreter.json with reasons.
"""

load("//images:config.bzl", "DEBIAN_RUNTIMES")
load("//tools/platforms:defs.bzl", "for_image")
load(":availability.bzl", "FETCHED")
load(":interpreter.bzl", "InterpreterInfo")

_DOC = "Makes a layer (.tar.gz) of the interpreter that rules_python has for a Python version and an architecture."

_MISSING = """{label}: python = "{python}": there is no Python {python} for linux/{arch} here.
  No Debian of these images packages it, so it is one of rules_python's own interpreters. Those are downloads from \
where neither apt nor pip reach; the stand-in for rules_python in airgap/ has none.
  What you can do:
  - where the network is open, build with bazel or Bazelisk on PATH instead of the air-gapped toolbox;
  - take a Python that Debian packages: {debian};
  - have an interpreter at hand? Register it: images/README.md says how."""

_UNDECLARED = """{label}: python = "{python}": rules_python has {found} for linux/{arch}.
  Add "{python}" to PYTHONS in MODULE.bazel. If it is there, this version of rules_python does not know it."""

_ATTRS = {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it.",
        mandatory = True,
        values = ["amd64", "arm64"],
    ),
    "part": attr.string(
        default = "runtime",
        doc = "`runtime` is what programs need; `dev` is what building and installing packages takes on top of it.",
        values = ["dev", "runtime"],
    ),
    "python": attr.string(
        doc = "Major and minor version of Python, 3.12.",
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
    "_interpreter": attr.label(
        cfg = for_image,
        default = ":interpreter",
        doc = "What rules_python has for `python` and `arch`.",
        providers = [InterpreterInfo],
    ),
    "_policy": attr.label(
        allow_single_file = True,
        default = "//images/policy:interpreter.json",
        doc = "What goes into which part.",
    ),
    "_tool": attr.label(
        cfg = "exec",
        default = "//tools/interpreter_layer",
        doc = "Writes the layer.",
        executable = True,
    ),
}

def _interpreter(ctx):
    """The interpreter that was asked for; every other outcome is an error."""

    # A transition on an attribute makes a list of it.
    found = ctx.attr._interpreter[0][InterpreterInfo]
    if found.version == ctx.attr.python:
        return found
    fail((_UNDECLARED if FETCHED or found.version else _MISSING).format(
        arch = ctx.attr.arch,
        debian = ", ".join([row.python for row in DEBIAN_RUNTIMES]),
        found = "Python " + found.version if found.version else "none",
        label = ctx.label,
        python = ctx.attr.python,
    ))

def _interpreter_layer_impl(ctx):
    found = _interpreter(ctx)
    output = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add("--arch", ctx.attr.arch)
    args.add("--output", output)
    args.add("--part", ctx.attr.part)
    args.add("--policy", ctx.file._policy)
    args.add("--python", ctx.attr.python)
    args.add("--root", found.root)
    args.add_all(found.files)
    ctx.actions.run(
        mnemonic = "InterpreterLayer",
        progress_message = "Laying out Python {} in %{{label}}".format(ctx.attr.python),
        executable = ctx.executable._tool,
        arguments = [args],
        inputs = depset([ctx.file._policy], transitive = [found.files]),
        outputs = [output],
    )
    return [DefaultInfo(files = depset([output])), found]

interpreter_layer = rule(
    implementation = _interpreter_layer_impl,
    doc = _DOC,
    attrs = _ATTRS,
    provides = [InterpreterInfo],
)
