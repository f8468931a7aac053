"""The module extension behind //venv:extensions.bzl."""

load(":sdist_archive.bzl", "sdist_archive", "sdist_hub")
load(":sdist_lock.bzl", "package_name", "read_pins")

_LOCK = tag_class(
    doc = "Makes the source distributions of a lock available as `@NAME//DISTRIBUTION:sdist`.",
    attrs = {
        "lock": attr.label(
            doc = "The lock: requirements with `==` and hashes, as `bazel run //venv:lock` writes it.",
            mandatory = True,
        ),
        "name": attr.string(
            doc = "Name of the repository.",
            mandatory = True,
        ),
    },
)

def _declare(mctx, tag):
    lock = read_pins(mctx, tag.lock)
    archives, errors = {}, {}
    for pin in lock.pins:
        package = package_name(pin.name)
        if package in archives or package in errors:
            archives.pop(package, None)
            errors[package] = "{}: {} is locked in several versions, and of an sdist only one can be; hold it to one".format(
                pin.where,
                pin.name,
            )
            continue
        repository = "{}_{}_sdist".format(tag.name, package)
        archives[package] = repository
        sdist_archive(
            name = repository,
            dist_name = pin.name,
            folder = lock.folder,
            hashes = pin.hashes,
            options = lock.options,
            refresh = lock.refresh,
            version = pin.version,
            where = pin.where,
        )
    sdist_hub(
        name = tag.name,
        archives = archives,
        error = lock.error,
        errors = errors,
    )

def _sdists_impl(mctx):
    names = {}
    for module in mctx.modules:
        for tag in module.tags.lock:
            if tag.name in names:
                fail("sdists.lock(name = {}) is in the modules {} and {}; choose another name in one of them".format(
                    repr(tag.name),
                    names[tag.name],
                    module.name,
                ))
            names[tag.name] = module.name
            _declare(mctx, tag)
    return mctx.extension_metadata(reproducible = True)

sdists = module_extension(
    implementation = _sdists_impl,
    doc = "Source distributions from locks.",
    tag_classes = {"lock": _LOCK},
)
