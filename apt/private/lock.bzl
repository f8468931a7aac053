"""Reads locks. A lock that is none is no failure here: the command that writes it anew must be able to run.

The error is kept for the lock's hub, which fails with it when a target first asks for one of its packages.
"""

VERSION = 1

# What decides which packages a set has beside its roots: their Depends, or what ELF files need.
_CLOSURES = ["apt", "elf"]

_HEX = "0123456789abcdef"
_OF_IMAGE = ".apt.json"
_TEXTS = ["architecture", "archive", "path", "version"]

def _command(label, refresh):
    """What writes a lock anew. That of an image's packages, NAME.apt.json, has a command of its own, NAME_pkgdeps."""
    if not label.name.endswith(_OF_IMAGE):
        return "{} {}".format(refresh, _input(label))
    bazel = refresh.partition(" run ")[0] if " run " in refresh else "./bazelw"
    return "{} run //{}:{}_pkgdeps".format(bazel, label.package, label.name.removesuffix(_OF_IMAGE))

def _input(label):
    """What the lock command calls a lock: by its name in //apt/locks, by its input elsewhere."""
    name = label.name.removesuffix(".json")
    return name if label.package == "apt/locks" else "/".join([part for part in [label.package, name + ".in.json"] if part])

def _is_hash(value):
    return type(value) == "string" and len(value) == 64 and all([char in _HEX for char in value.elems()])

def _all_strings(values):
    return type(values) == "list" and all([type(value) == "string" for value in values])

def _check_package(package):
    """What is wrong with a package's entry, or None."""
    if type(package) != "dict":
        return "is no object"
    for key in _TEXTS:
        if type(package.get(key)) != "string" or not package[key]:
            return "has no " + key
    if type(package.get("size")) != "int":
        return "has no size"
    if "sha256" not in package:
        return "has no sha256"
    if not _is_hash(package["sha256"]):
        return "has the sha256 {}, which is not 64 lowercase hexadecimal digits".format(repr(package["sha256"]))
    return None

def _check_packages(packages):
    if type(packages) != "dict":
        return "it has no packages"
    for arch, content in packages.items():
        if type(content) != "dict":
            return "it has no packages for " + arch
        for name, package in content.items():
            problem = _check_package(package)
            if problem:
                return "{} ({}) {}".format(name, arch, problem)
    return None

def _check_set(name, content, lock):
    if type(content) != "dict" or type(content.get("packages")) != "dict" or type(content.get("auto")) != "dict":
        return "set {} has no packages".format(repr(name))
    below = content.get("on")
    if below != None and (type(below) != "string" or below not in lock["sets"] or below == name):
        return "set {} is on {}, which is not a set of the lock".format(repr(name), repr(below))
    if content.get("closure", "apt") not in _CLOSURES:
        return "set {} has the closure {}; there are {}".format(repr(name), repr(content["closure"]), " and ".join(_CLOSURES))
    for arch, packages in content["packages"].items():
        if not _all_strings(packages) or not _all_strings(content["auto"].get(arch)):
            return "set {} has no packages for {}".format(repr(name), arch)
        for package in packages:
            if package not in lock["packages"].get(arch, {}):
                return "{} ({}) is in the set {} but has no entry".format(package, arch, repr(name))
    return None

def _check(lock):
    """What is wrong with a lock, or None."""
    if type(lock) != "dict":
        return "it is not JSON, or no object; it may be truncated, or have a merge conflict"
    if lock.get("version") != VERSION:
        return "it is not an apt lock of version {}".format(VERSION)
    if type(lock.get("suite")) != "string":
        return "it has no suite"
    if type(lock.get("merged_usr")) != "bool":
        return "it does not say whether /usr is merged"
    if not _all_strings(lock.get("components")):
        return "it has no components"
    if type(lock.get("sets")) != "dict":
        return "it has no sets"
    problem = _check_packages(lock.get("packages"))
    if problem:
        return problem
    for name, content in lock["sets"].items():
        problem = _check_set(name, content, lock)
        if problem:
            return problem
    return None

def read_lock(mctx, label, refresh):
    """Reads a lock and checks that it has all that the repositories are made of.

    Args:
      mctx: the context of the module extension.
      label: the lock's label.
      refresh: the command that writes locks, without the lock's name.

    Returns:
      A struct: `content` is the decoded lock, or None; `error` says why it is None; `refresh` is the command
      that writes this lock anew.
    """
    command = _command(label, refresh)
    path = mctx.path(label)
    if path.basename in [entry.basename for entry in path.dirname.readdir()]:
        content = json.decode(mctx.read(path), None)
        problem = _check(content)
    else:
        content, problem = None, "there is no such file"
    if not problem:
        return struct(content = content, error = "", refresh = command)
    return struct(
        content = None,
        error = "apt: the lock {} cannot be used: {}.\n  Write it anew: {}".format(
            "/".join([part for part in [label.package, label.name] if part]),
            problem,
            command,
        ),
        refresh = command,
    )
