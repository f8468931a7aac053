"""The hub repository: one package for each locked distribution, an alias for each of its targets."""

_ROOT_BUILD = """\
package(default_visibility = ["//visibility:public"])

exports_files(["requirements.bzl"])
"""

_SETTING = """
config_setting(
    name = "is_{name}_{platform}",
    constraint_values = [
        "{cpu}",
        "{os}",
    ],
    flag_values = {{"{flag}": "{value}"}},
)
"""

_ALIAS = """
alias(
    name = "{name}",
    actual = select(
        {cases},
        no_match_error = "{error}",
    ),
)
"""

_REQUIREMENTS = """\
\"""Labels of everything in the hub.\"""

all_requirements = {pkg}

all_whl_requirements_by_package = {whl_by_package}

all_whl_requirements = all_whl_requirements_by_package.values()

all_data_requirements = {data}

def _label(name, target):
    parts = name.lower().replace("-", "_").replace(".", "_").split("_")
    return "@@{repository}//{{}}:{{}}".format("_".join([part for part in parts if part]), target)

def requirement(name):
    return _label(name, "pkg")

def whl_requirement(name):
    return _label(name, "whl")

def data_requirement(name):
    return _label(name, "data")

def dist_info_requirement(name):
    return _label(name, "dist_info")
"""

# Targets of a package, and the suffix of the repository that has them.
_TARGETS = {
    "data": "_lib",
    "dist_info": "_lib",
    "extracted_whl_files": "_lib",
    "pkg": "_lib",
    "whl": "",
}

def _setting_name(flag, label):
    return "cp" + flag.replace(".", "") if flag else "default_" + label

def _settings(packages):
    """Returns the text of //_config: one config_setting for each version and platform."""
    settings = {}
    for flavours in packages.values():
        for flavour in flavours:
            for flag in flavour["flags"]:
                for platform in flavour["wheels"]:
                    name = _setting_name(flag, flavour["label"])
                    settings[(name, platform)] = _SETTING.format(
                        cpu = str(Label("@platforms//cpu:" + platform.partition("_")[2])),
                        flag = str(Label("//python/config_settings:python_version_major_minor")),
                        name = name,
                        os = str(Label("@platforms//os:linux")),
                        platform = platform,
                        value = flag,
                    )
    return "\n".join([settings[key] for key in sorted(settings)])

def _package(hub, package, flavours):
    """Returns the BUILD file of one distribution."""
    wheels = {}
    pythons = {}
    platforms = {}
    for flavour in flavours:
        for platform, repository in flavour["wheels"].items():
            platforms[platform] = None
            for flag in flavour["flags"]:
                wheels["//_config:is_{}_{}".format(_setting_name(flag, flavour["label"]), platform)] = repository
                pythons[flag or "the default one"] = None
    error = ("@{}//{} is not locked for this Python and platform, but for Python {} on {}; " +
             "add python_version or target_platforms to pip.parse, or build for one of these").format(
        hub,
        package,
        ", ".join(pythons),
        ", ".join(platforms),
    )
    text = "alias(\n    name = \"{}\",\n    actual = \":pkg\",\n)\n".format(package) if package not in _TARGETS else ""
    for target, suffix in _TARGETS.items():
        text += _ALIAS.format(
            cases = json.encode_indent(
                {setting: "@{}{}//:{}".format(repository, suffix, target) for setting, repository in wheels.items()},
                prefix = "        ",
                indent = "    ",
            ),
            error = error,
            name = target,
        )
    return "package(default_visibility = [\"//visibility:public\"])\n\n" + text

def _pip_hub_impl(rctx):
    if rctx.attr.error:
        fail("\n" + rctx.attr.error)
    packages = json.decode(rctx.attr.packages)
    labels = {package: "@@{}//{}".format(rctx.name, package) for package in sorted(packages)}
    rctx.file("BUILD.bazel", _ROOT_BUILD)
    rctx.file("_config/BUILD.bazel", "package(default_visibility = [\"//:__subpackages__\"])\n" + _settings(packages))
    for package, flavours in packages.items():
        rctx.file(package + "/BUILD.bazel", _package(rctx.attr.hub_name, package, flavours))
    rctx.file("requirements.bzl", _REQUIREMENTS.format(
        data = repr([label + ":data" for label in labels.values()]),
        pkg = repr([label + ":pkg" for label in labels.values()]),
        repository = rctx.name,
        whl_by_package = repr({package: label + ":whl" for package, label in labels.items()}),
    ))

pip_hub = repository_rule(
    implementation = _pip_hub_impl,
    doc = "Aliases that choose the wheel for the configuration.",
    attrs = {
        "error": attr.string(
            doc = "What is wrong with the lock; shown when the hub is used, not before.",
        ),
        "hub_name": attr.string(
            doc = "The name that users know the hub by.",
            mandatory = True,
        ),
        "packages": attr.string(
            doc = "JSON: for each package a list of {flags, label, wheels: {platform: repository}}.",
            mandatory = True,
        ),
    },
)
