"""The pip extension: reads locks and declares a hub and lazily fetched wheels for each."""

load("@rules_python_host//:host.bzl", "DECLARED_VERSIONS", "DEFAULT_VERSION", "HOST_PYTHON", "HOST_VERSION")
load(":hub.bzl", "pip_hub")
load(":tool.bzl", "run_tool")
load(":versions.bzl", "full_version", "minor_version")
load(":wheel.bzl", "pip_library", "pip_wheel")

def _fail(module, tag, problem):
    fail('{}: pip.parse(hub_name = "{}"): {}'.format(module.name, tag.hub_name, problem))

def _host_platform(module_ctx):
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(module_ctx.os.arch, module_ctx.os.arch)
    return {"arch": machine, "os": "linux"}

def _flavours(python_version):
    """Returns what the version stands for, as (label, value of the version flag, full version).

    The default version is also the one in force when a target names none. Then it runs on this machine's
    interpreter, which may be a later one than the declaration has caught up with.
    """
    minor = minor_version(python_version)
    label = minor.replace(".", "")
    host_minor = minor_version(HOST_VERSION)
    if minor != minor_version(DEFAULT_VERSION):
        return [struct(label = label, flags = [minor], python = full_version(python_version))]
    if minor == host_minor:
        return [struct(label = label, flags = [minor, ""], python = HOST_VERSION)]
    return [
        struct(label = label, flags = [minor], python = full_version(python_version)),
        struct(label = "host", flags = [""], python = HOST_VERSION),
    ]

def _requests(module_ctx):
    """Returns one request for each hub and version, in the order of the tags."""
    requests = []
    owners = {}
    seen = {}
    host = _host_platform(module_ctx)
    for module in module_ctx.modules:
        for tag in module.tags.parse:
            if tag.hub_name == "pypi":
                _fail(module, tag, "the hub name pypi is reserved; choose another")
            if owners.setdefault(tag.hub_name, module.name) != module.name:
                _fail(module, tag, "module {} has a hub of that name; choose another".format(owners[tag.hub_name]))
            if not tag.python_version:
                _fail(module, tag, "python_version is missing")
            if tag.python_version not in DECLARED_VERSIONS:
                _fail(module, tag, 'no python.toolchain(python_version = "{}") is declared'.format(tag.python_version))
            if (tag.hub_name, tag.python_version) in seen:
                _fail(module, tag, "python_version {} is there already".format(tag.python_version))
            seen[(tag.hub_name, tag.python_version)] = None
            if not tag.requirements_lock:
                _fail(module, tag, "requirements_lock is missing")
            platforms = [platform.format(**host) for platform in tag.target_platforms or ["{os}_{arch}"]]
            for flavour in _flavours(tag.python_version):
                requests.append(struct(
                    flavour = flavour,
                    hub = tag.hub_name,
                    lock = tag.requirements_lock,
                    path = str(module_ctx.path(tag.requirements_lock)),
                    platforms = sorted(platforms),
                ))
    return requests

def _lock_name(label):
    """Names a lock as a person would: by its path in the workspace."""
    return (label.package + "/" if label.package else "") + label.name

def _declare_wheels(request, pins, host):
    """Declares the repositories of one lock for one version; returns {package: {platform: name}}."""
    repositories = {}
    packages_by_platform = {
        platform: sorted([package for package in pins if platform in pins[package]])
        for platform in request.platforms
    }
    for package, by_platform in pins.items():
        for platform, pin in by_platform.items():
            name = "_".join([request.hub, request.flavour.label, package, platform])
            pip_wheel(
                name = name,
                dist_name = pin["name"],
                extras = pin["extras"],
                hashes = pin["hashes"],
                hub = request.hub,
                lock = request.path,
                lock_name = _lock_name(request.lock),
                options = pin["options"],
                packages = packages_by_platform[platform],
                platform = platform,
                python = request.flavour.python,
                version = pin["version"],
            )
            pip_library(
                name = name + "_lib",
                compile = platform == host and minor_version(request.flavour.python) == minor_version(HOST_VERSION),
                hub = request.hub,
                wheel = "@{}//:wheel.json".format(name),
            )
            repositories.setdefault(package, {})[platform] = name
    return repositories

def _pip_impl(module_ctx):
    requests = _requests(module_ctx)
    answers = run_tool(module_ctx, HOST_PYTHON, "locks", json.encode([
        {
            "file": _lock_name(request.lock),
            "lock": request.path,
            "platforms": request.platforms,
            "python": request.flavour.python,
        }
        for request in requests
    ])) if requests else []

    host = "{os}_{arch}".format(**_host_platform(module_ctx))
    hubs = {}
    for request, answer in zip(requests, answers):
        hub = hubs.setdefault(request.hub, {"errors": {}, "packages": {}})

        # What is wrong with a line is said once, not for each Python and platform again.
        hub["errors"] = answer["errors"] | hub["errors"]
        for package, by_platform in _declare_wheels(request, answer["packages"], host).items():
            hub["packages"].setdefault(package, []).append({
                "flags": request.flavour.flags,
                "label": request.flavour.label,
                "wheels": by_platform,
            })
    for name, hub in hubs.items():
        pip_hub(
            name = name,
            error = "\n".join(hub["errors"].values()),
            hub_name = name,
            packages = json.encode(hub["packages"]),
        )
    return module_ctx.extension_metadata(reproducible = True)

_parse = tag_class(
    doc = "Makes a hub repository with one package for each pin of a lock.",
    attrs = {
        "download_only": attr.bool(
            doc = "Accepted: only wheels are ever fetched, nothing is built from source.",
        ),
        "envsubst": attr.string_list(
            doc = "Accepted: pip puts all variables into the options of a lock, whether named here or not.",
        ),
        "hub_name": attr.string(
            doc = "The name of the hub repository.",
            mandatory = True,
        ),
        "python_version": attr.string(
            doc = "The Python that the wheels are for, such as 3.11 or 3.11.2; it needs a python.toolchain.",
        ),
        "requirements_lock": attr.label(
            doc = "A requirements file in which every distribution has a version and hashes.",
            allow_single_file = True,
        ),
        "target_platforms": attr.string_list(
            doc = "The platforms that the wheels are for, of linux_x86_64 and linux_aarch64; the host's if empty.",
        ),
    },
)

pip = module_extension(
    implementation = _pip_impl,
    doc = "Makes hubs of wheels from locks.",
    tag_classes = {
        "parse": _parse,
    },
)
