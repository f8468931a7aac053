"""The sources of an application, as files of an image's layer.

    load("@rules_pkg//pkg:tar.bzl", "pkg_tar")
    load("//images/private:app_sources.bzl", "app_sources")

    app_sources(
        name = "sources",
        arch = "amd64",
        python = "3.11",
        srcs = ["//app"],
    )

    pkg_tar(
        name = "app_layer",
        srcs = [":sources"],
    )
"""

load("@rules_pkg//pkg:providers.bzl", "PackageFilesInfo")
load("@rules_python//python:py_info.bzl", "PyInfo")
load("//images:config.bzl", "VIRTUAL_ENV")
load("//tools/platforms:defs.bzl", "for_image")

# Where an application is in its image.
APP = "/app"

_DOC = """Places files below /app by their paths in the workspace: app/train.py is /app/app/train.py.

Of `py_library` targets all that they depend on is there, but not what is from wheels: that is in the image's virtual
environment. What is from another module has its path in that module. Folders that `imports` adds to sys.path are
named by a .pth file in the virtual environment."""

_ATTRS = {
    "arch": attr.string(
        doc = "The architecture of the image, as Debian calls it: select() chooses by it.",
        mandatory = True,
    ),
    "python": attr.string(
        doc = "The image's Python: select() chooses by it.",
        mandatory = True,
    ),
    "srcs": attr.label_list(
        allow_empty = False,
        allow_files = True,
        cfg = for_image,
        doc = "The application: py_library, filegroup, and files.",
        mandatory = True,
    ),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        doc = "What Bazel asks of a rule with a transition.",
    ),
}

# In the folder of another repository: `../REPOSITORY/site-packages/numpy/__init__.py`.
_WHEEL = "site-packages"

def _files(ctx):
    """All files of the targets and of what they depend on."""
    for target in ctx.attr.srcs:
        if PyInfo in target and target[DefaultInfo].files_to_run.executable:
            fail("{}: srcs = \"{}\" is a program, with an interpreter for this machine; name its py_library".format(
                ctx.label,
                target.label,
            ))
    return depset(transitive = [
        each
        for target in ctx.attr.srcs
        for each in [target[DefaultInfo].files, target[DefaultInfo].default_runfiles.files]
    ]).to_list()

def _split(path):
    """Takes a path below runfiles apart: the repository, empty for the main one, and the path there."""
    if not path.startswith("../"):
        return "", path
    repository, _, rest = path.removeprefix("../").partition("/")
    return repository, rest

def _places(ctx):
    """The files by their places below /."""
    split = [(file, _split(file.short_path)) for file in _files(ctx)]
    wheels = {repository: None for _, (repository, path) in split if repository and path.startswith(_WHEEL + "/")}
    places = {}
    for file, (repository, path) in split:
        if repository in wheels:
            continue
        other = places.setdefault("{}/{}".format(APP[1:], path), file)
        if other != file:
            fail("{}: srcs has {} and {}, and both would be {}/{}; leave one out".format(
                ctx.label,
                other.path,
                file.path,
                APP,
                path,
            ))
    if not places:
        fail("{}: srcs = {} has no files but those of wheels; leave it out, the wheels are in the environment".format(
            ctx.label,
            [str(target.label) for target in ctx.attr.srcs],
        ))
    return places

def _import_folders(ctx):
    """The folders that `imports` adds to sys.path, beside /app itself."""
    paths = [
        path.partition("/")[2]
        for path in depset(transitive = [target[PyInfo].imports for target in ctx.attr.srcs if PyInfo in target]).to_list()
    ]
    return sorted({path: None for path in paths if path and path.partition("/")[0] != _WHEEL})

def _app_sources_impl(ctx):
    places = _places(ctx)
    folders = _import_folders(ctx)
    if folders:
        pth = ctx.actions.declare_file(ctx.label.name + ".pth")
        ctx.actions.write(pth, "".join(["{}/{}\n".format(APP, folder) for folder in folders]))
        places["{}/lib/python{}/site-packages/pycuda-app.pth".format(VIRTUAL_ENV[1:], ctx.attr.python)] = pth
    return [
        DefaultInfo(files = depset(places.values())),
        PackageFilesInfo(
            attributes = {"mode": "0644"},
            dest_src_map = places,
        ),
    ]

app_sources = rule(
    implementation = _app_sources_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
