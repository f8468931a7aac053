"""Repository rule for the hub of a lock: one target for each package, one for each set."""

load("//apt/private:missing_set.bzl", "ARCHITECTURES")

_DOC = """The packages and sets of one lock, by name and architecture."""

_ATTRS = {
    "debs": attr.string_dict(doc = "`ARCH/PACKAGE` to the label of its .deb."),
    "error": attr.string(doc = "Why the lock cannot be used: whoever asks for a package is told."),
    "lock": attr.label(doc = "The lock, if it can be used."),
    "lock_name": attr.string(mandatory = True, doc = "The hub's name as the user chose it."),
    "refresh": attr.string(doc = "The command that writes the lock anew, for messages."),
    "rights": attr.label_list(doc = "Which packages may give rights away, beside those that are known."),
    "scripts": attr.label_list(doc = "What maintainer scripts would do, beside those that are known."),
}

_HEAD = """
package(default_visibility = ["//visibility:public"])
"""

_LOAD = """load("{rules}", "{rule}")
"""

_PACKAGE = """
deb_part(
    name = {name},
    architecture = {architecture},
    deb = {deb},
    merged_usr = {merged_usr},
    package = {package},
    refresh = {refresh},
    sha256 = {sha256},
    version = {version},
)
"""

_ALIAS = """
alias(
    name = {name},
    actual = {actual},
)
"""

_SET = """
apt_set(
    name = {name},
    arch = {arch},
    auto = {auto},
    closure = {closure},
    components = {components},
    debs = {debs},
    lock = {lock},
    merged_usr = {merged_usr},
    on = {on},
    rights = {rights},
    scripts = {scripts},
    suite = {suite},
)
"""

_MISSING = """
missing_set(
    name = {name},
    arch = {arch},
    known = {known},
    lock = {lock},
    refresh = {refresh},
    tags = ["manual"],
)
"""

def _format(template, **values):
    return template.format(**{key: repr(value) for key, value in values.items()})

def _for_all(lock):
    """The packages of `Architecture: all` that are the same wherever they are locked: each is unpacked once."""
    found = {}
    for packages in lock["packages"].values():
        for name, package in packages.items():
            hashes = found.setdefault(name, {})
            hashes[package["sha256"] if package["architecture"] == "all" else ""] = None
    return {name: None for name, hashes in found.items() if len(hashes) == 1 and "" not in hashes}

def _packages(lock, attr):
    for_each = [_LOAD.format(rules = Label("//apt/private:deb_part.bzl"), rule = "deb_part"), _HEAD]
    for_all = _for_all(lock)
    done = {}
    for arch, packages in sorted(lock["packages"].items()):
        for name, package in sorted(packages.items()):
            target = "{}.{}".format(name, "all" if name in for_all else arch)
            if name in for_all:
                for_each.append(_format(_ALIAS, name = "{}.{}".format(name, arch), actual = target))
            if target in done:
                continue
            done[target] = None
            for_each.append(_format(
                _PACKAGE,
                name = target,
                architecture = package["architecture"],
                deb = attr.debs["{}/{}".format(arch, name)],
                merged_usr = lock["merged_usr"],
                package = name,
                refresh = attr.refresh,
                sha256 = package["sha256"],
                version = package["version"],
            ))
    return "".join(for_each)

def _sets(lock, attr):
    for_each = [
        _LOAD.format(rules = Label("//apt/private:apt_set.bzl"), rule = "apt_set"),
        _LOAD.format(rules = Label("//apt/private:missing_set.bzl"), rule = "missing_set"),
        _HEAD,
    ]
    for name, content in sorted(lock["sets"].items()):
        for arch in ARCHITECTURES:
            if arch not in content["packages"]:
                for_each.append(_format(
                    _MISSING,
                    name = "{}.{}".format(name, arch),
                    arch = arch,
                    known = sorted(content["packages"]),
                    lock = attr.lock_name,
                    refresh = attr.refresh,
                ))
        for arch, packages in sorted(content["packages"].items()):
            for_each.append(_format(
                _SET,
                name = "{}.{}".format(name, arch),
                arch = arch,
                auto = content["auto"][arch],
                closure = content.get("closure", "apt"),
                components = lock["components"],
                debs = ["//packages:{}.{}".format(package, arch) for package in packages],
                lock = attr.lock_name,
                merged_usr = lock["merged_usr"],
                on = "{}.{}".format(content["on"], arch) if content["on"] else None,
                rights = [str(label) for label in attr.rights],
                scripts = [str(label) for label in attr.scripts],
                suite = lock["suite"],
            ))
    return "".join(for_each)

def _apt_hub_impl(rctx):
    if rctx.attr.error:
        fail(rctx.attr.error)
    lock = json.decode(rctx.read(rctx.attr.lock))
    rctx.file("packages/BUILD.bazel", _packages(lock, rctx.attr))
    rctx.file("sets/BUILD.bazel", _sets(lock, rctx.attr))
    rctx.file("BUILD.bazel")

apt_hub = repository_rule(
    implementation = _apt_hub_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
