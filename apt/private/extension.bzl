"""The module extension behind //apt:extensions.bzl."""

load("//apt/private:deb_archive.bzl", "deb_archive")
load("//apt/private:hub.bzl", "apt_hub")
load("//apt/private:lock.bzl", "read_lock")
load("//apt/private:mirrors.bzl", "apt_mirrors")

_MIRRORS = "apt_mirrors"

_LOCK = tag_class(
    doc = "Makes the packages of a lock available as `@NAME`.",
    attrs = {
        "lock": attr.label(mandatory = True, doc = "The lock, as `bazel run //apt:lock` wrote it."),
        "name": attr.string(mandatory = True, doc = "Name of the repository with the lock's sets."),
        "refresh": attr.string(
            doc = """The command that writes locks, without the name of this one, for messages; that of //apt:lock in the
workspace of the lock unless it is given.""",
        ),
        "rights": attr.label_list(
            doc = """Files like `//apt/policy:rights.json`, for this lock: which setuid programs and the like its
packages may have beside those that are known.""",
        ),
        "scripts": attr.label_list(
            doc = """Files like `//apt/policy:scripts.json`, for this lock: what maintainer scripts of its packages would
do, where that cannot be read off the scripts. A package that several files have is as the last one says.""",
        ),
    },
)

def _repository(lock_name, name, package):
    """A repository name that reads like the .deb's file name."""
    text = "{}_{}_{}_{}".format(lock_name, name, package["version"], package["architecture"])
    return "".join([char if char.isalnum() or char in "_-." else "-" for char in text.elems()])

def _refresh(lock):
    """The command that writes locks, where this one is: in this workspace, or in one that uses it as a module."""
    ours = lock.repo_name == Label("//:BUILD.bazel").repo_name
    return "./bazelw run //apt:lock --" if ours else "bazel run @pycuda//apt:lock --"

def _declare(mctx, tag):
    lock = read_lock(mctx, tag.lock, tag.refresh or _refresh(tag.lock))
    if lock.error:
        apt_hub(name = tag.name, error = lock.error, lock_name = tag.name)
        return
    debs, seen = {}, {}
    for arch, packages in lock.content["packages"].items():
        for name, package in packages.items():
            repository = _repository(tag.name, name, package)
            debs["{}/{}".format(arch, name)] = "@{}//:package.deb".format(repository)
            if repository in seen:
                continue
            seen[repository] = True
            deb_archive(
                name = repository,
                archive = package["archive"],
                mirrors = "@{}//:mirrors.json".format(_MIRRORS),
                package = "{} {} ({})".format(name, package["version"], package["architecture"]),
                path = package["path"],
                refresh = lock.refresh,
                sha256 = package["sha256"],
            )
    apt_hub(
        name = tag.name,
        debs = debs,
        lock = tag.lock,
        lock_name = tag.name,
        refresh = lock.refresh,
        rights = tag.rights,
        scripts = tag.scripts,
    )

def _apt_impl(mctx):
    apt_mirrors(name = _MIRRORS)
    names = {}
    for module in mctx.modules:
        for tag in module.tags.lock:
            if tag.name in names:
                fail("apt.lock(name = {}) is in the modules {} and {}; choose another name in one of them".format(
                    repr(tag.name),
                    names[tag.name],
                    module.name,
                ))
            names[tag.name] = module.name
            _declare(mctx, tag)
    return mctx.extension_metadata(reproducible = True)

apt = module_extension(
    implementation = _apt_impl,
    doc = "Debian packages from locks.",
    tag_classes = {"lock": _LOCK},
)
