"""Repository rules for pulled images: one for each platform's, and one that chooses among them."""

_TOOL = Label("//tools/base_pull:__main__.py")

# Each label is resolved, so that a change of any file pulls anew.
_FILES = [_TOOL] + [
    Label("//tools/{}:{}.py".format(package, module))
    for package, modules in {
        "base_pull": ["cache", "places", "pull"],
        "common": ["errors", "outputs", "parsing"],
        "registry": [
            "auth",
            "client",
            "connections",
            "credentials",
            "problem",
            "proxies",
            "reference",
            "sinks",
            "tls",
            "transport",
        ],
    }.items()
    for module in modules
]

_IMAGE = """\
load("{rule}", "base_layout")

base_layout(
    name = {name},
    srcs = glob(["blobs/**"]) + [
        "index.json",
        "oci-layout",
    ],
    visibility = ["//visibility:public"],
)
"""

_CHOICE = """\
filegroup(
    name = "digest",
    srcs = ["digest.txt"],
    visibility = ["//visibility:public"],
)

alias(
    name = {name},
    actual = select(
        {images},
        no_match_error = "@{target} has no image for the target platform, only {there}",
    ),
    visibility = ["//visibility:public"],
)
"""

def _base_archive_impl(rctx):
    for file in _FILES:
        rctx.path(file)

    # No variable is watched: what was pulled is what the digest says, and what failed is tried again anyway.
    python = rctx.which("python3")
    if not python:
        fail("no python3 on PATH: install Python 3.11 or later")
    rctx.report_progress("pulling {} for {}".format(rctx.attr.image, rctx.attr.platform))
    request = {
        "digest": rctx.attr.digest,
        "image": rctx.attr.image,
        "mirrors": rctx.attr.mirrors,
        "platform": rctx.attr.platform,
    }
    done = rctx.execute([python, "-BIS", rctx.path(_TOOL).dirname, json.encode(request)], timeout = 86400)
    if done.return_code:
        fail("\n" + (done.stderr or done.stdout))
    rctx.file("BUILD.bazel", _IMAGE.format(
        name = repr(rctx.attr.target),
        rule = Label("//images/private:base_layout.bzl"),
    ))

base_archive = repository_rule(
    implementation = _base_archive_impl,
    attrs = {
        "digest": attr.string(doc = "Digest of the image, or of an index that has it.", mandatory = True),
        "image": attr.string(doc = "Registry and repository.", mandatory = True),
        "mirrors": attr.string_list(doc = "Places to ask before the registry."),
        "platform": attr.string(doc = "Which image of an index.", mandatory = True),
        "target": attr.string(doc = "Name of the target.", mandatory = True),
    },
    doc = "The image of one platform, with all its layers.",
)

def _base_choice_impl(rctx):
    rctx.file("digest.txt", rctx.attr.digest, executable = False)
    rctx.file("BUILD.bazel", _CHOICE.format(
        images = repr({cpu: "@" + image for cpu, image in rctx.attr.images.items()}),
        name = repr(rctx.attr.target),
        target = rctx.attr.target,
        there = " and ".join(rctx.attr.images.values()),
    ))

base_choice = repository_rule(
    implementation = _base_choice_impl,
    attrs = {
        "digest": attr.string(doc = "What was asked for.", mandatory = True),
        "images": attr.string_dict(doc = "CPU to the repository of its image.", mandatory = True),
        "target": attr.string(doc = "Name of the target.", mandatory = True),
    },
    doc = "The image of the target platform.",
)
