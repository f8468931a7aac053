"""Repository rules for locked source distributions."""

_FILES = [
    Label("//tools/pip_lock:pip_config.py"),
    Label("//tools/sdist_fetch:__main__.py"),
    Label("//tools/sdist_fetch:fetch.py"),
    Label("//tools/sdist_fetch:options.py"),
    Label("//tools/sdist_fetch:page.py"),
    Label("//tools/sdist_fetch:web.py"),
]

_BUILD = """\
filegroup(
    name = "sdist",
    srcs = ["{}"],
    visibility = ["//visibility:public"],
)
"""

_ALIAS = """\
alias(
    name = "sdist",
    actual = "@{}//:sdist",
    visibility = ["//visibility:public"],
)
"""

def _sdist_archive_impl(rctx):
    # Each label is resolved, so that a change of any file fetches anew.
    tool = [rctx.path(file) for file in _FILES][1].dirname
    python = rctx.which("python3")
    if not python:
        fail("no python3 on PATH: install Python 3.9 or later, with pip")
    rctx.report_progress("fetching {}=={}".format(rctx.attr.dist_name, rctx.attr.version))
    done = rctx.execute([python, "-BIS", tool, json.encode({
        "folder": rctx.attr.folder,
        "hashes": rctx.attr.hashes,
        "name": rctx.attr.dist_name,
        "options": rctx.attr.options,
        "refresh": rctx.attr.refresh,
        "version": rctx.attr.version,
        "where": rctx.attr.where,
    })], timeout = 3600)
    if done.return_code:
        fail("\n" + (done.stderr or done.stdout))
    rctx.file("BUILD.bazel", _BUILD.format(json.decode(done.stdout)["file"]))

sdist_archive = repository_rule(
    implementation = _sdist_archive_impl,
    doc = "Fetches one source distribution by its hashes; nothing of it runs.",
    attrs = {
        "dist_name": attr.string(doc = "The distribution, as the lock spells it.", mandatory = True),
        "folder": attr.string(doc = "Where the lock is; folders in `options` are relative to it."),
        "hashes": attr.string_list(doc = "SHA-256 of the files that the lock allows.", mandatory = True),
        "options": attr.string_list(doc = "Options of the lock, such as --extra-index-url URL, as they are there."),
        "refresh": attr.string(doc = "The command that writes the lock, for messages."),
        "version": attr.string(doc = "The distribution's version.", mandatory = True),
        "where": attr.string(doc = "File and line of the pin, for messages.", mandatory = True),
    },
)

def _sdist_hub_impl(rctx):
    if rctx.attr.error:
        fail("\n" + rctx.attr.error)
    rctx.file("BUILD.bazel")
    for package, repository in rctx.attr.archives.items():
        rctx.file(package + "/BUILD.bazel", _ALIAS.format(repository))
    for package, error in rctx.attr.errors.items():
        rctx.file(package + "/BUILD.bazel", "fail({})\n".format(repr(error)))

sdist_hub = repository_rule(
    implementation = _sdist_hub_impl,
    doc = "One package for each distribution of a lock.",
    attrs = {
        "archives": attr.string_dict(doc = "Package to the repository that has its file."),
        "error": attr.string(doc = "What is wrong with the lock; shown when the hub is used, not before."),
        "errors": attr.string_dict(doc = "Package to what is wrong with it."),
    },
)
