"""Rule for tests that read wheels as they are.

    load(":locked_wheels.bzl", "locked_wheels")

    locked_wheels(
        name = "wheels",
        arch = "amd64",
        python = "3.11",
        wheels = ["@native//pandas:whl"],
    )
"""

load("//tools/platforms:defs.bzl", "for_image")

def _locked_wheels_impl(ctx):
    runfiles = [wheel[DefaultInfo].default_runfiles.files for wheel in ctx.attr.wheels]
    return [DefaultInfo(files = depset(ctx.files.wheels, transitive = runfiles))]

locked_wheels = rule(
    implementation = _locked_wheels_impl,
    attrs = {
        "arch": attr.string(doc = "The architecture that the wheels are for.", mandatory = True, values = ["amd64", "arm64"]),
        "python": attr.string(doc = "The Python that they are for.", mandatory = True),
        "wheels": attr.label_list(cfg = for_image, doc = "Targets `:whl` of pip hubs; dependencies follow.", mandatory = True),
    },
    doc = "The files of wheels for an architecture and a Python, whatever machine the test runs on. Nothing is made of them.",
)
