"""Macro that builds a source distribution for all Pythons and architectures, under one label."""

load("//images:config.bzl", "ARCHITECTURES", "DEBIAN_RUNTIMES")
load("//images:names.bzl", "tag")
load(":sdist_wheel.bzl", "sdist_wheel")

# The constraint of each architecture.
CPUS = {
    "amd64": Label("@platforms//cpu:x86_64"),
    "arm64": Label("@platforms//cpu:aarch64"),
}

def sdist_wheels(
        name,
        sdist,
        requires = [],
        deps = [],
        pythons = [row.python for row in DEBIAN_RUNTIMES],
        build_roots = {},
        prebuilt = {},
        env = {},
        config_settings = {},
        tags = [],
        visibility = None,
        **kwargs):
    """A source distribution as a wheel, for whatever Python and architecture asks for it.

    ```starlark
    sdist_wheels(
        name = "mysqlclient",
        prebuilt = {"py311_arm64": "//wheels:mysqlclient-2.2.7-cp311-cp311-linux_aarch64.whl"},
        pythons = ["3.11"],
        requires = ["@app//setuptools:whl"],
        sdist = "@app_sdists//mysqlclient:sdist",
    )

    venv_layers(
        name = "app_venv",
        python = "3.11",
        wheels = ["@app//flask:whl", ":mysqlclient"],
    )
    ```

    | target | what it is |
    |---|---|
    | `NAME` | the wheel for the environment that asks for it, and its dependencies |
    | `NAME_pyXY_ARCH` | the wheel for one Python and architecture: an `sdist_wheel`, or the supplied one |

    Args:
        name: name of the targets.
        sdist: the source distribution, `@HUB//NAME:sdist`, or a file NAME-VERSION.tar.gz.
        requires: wheels of the build backend and of all that it needs: targets `:whl` of pip hubs, and files.
        deps: what the wheel needs when it is used: targets `:whl` of pip hubs, and others of this macro.
        pythons: the Pythons to build for.
        build_roots: images to build in where //images:buildtime_pyXY_ARCH lacks something, by `pyXY_ARCH` or `ARCH`.
        prebuilt: wheels to use in place of building, by `pyXY_ARCH` or `ARCH`.
        env: environment variables of the build.
        config_settings: settings for the build backend.
        tags: tags of all targets.
        visibility: visibility of all targets.
        **kwargs: further attributes of all targets, such as `testonly`.
    """
    variants = {
        "{}_{}".format(tag(python), arch): struct(arch = arch, python = python)
        for arch in ARCHITECTURES
        for python in pythons
    }
    _check(name, "build_roots", build_roots, variants)
    _check(name, "prebuilt", prebuilt, variants)
    common = dict(kwargs, visibility = visibility)
    for key, variant in variants.items():
        target = "{}_{}".format(name, key)
        supplied = prebuilt.get(key, prebuilt.get(variant.arch))
        if supplied:
            native.filegroup(name = target, srcs = [supplied], tags = tags, **common)
            continue
        sdist_wheel(
            name = target,
            arch = variant.arch,
            build_root = build_roots.get(
                key,
                build_roots.get(variant.arch, Label("//images:buildtime_" + key)),
            ),
            config_settings = config_settings,
            emulator = Label("//venv/private:emulator_" + variant.arch),
            env = env,
            python = variant.python,
            requires = requires,
            sdist = sdist,
            # Not because everything is built: what uses it will ask for it.
            tags = tags + ["manual"],
            **common
        )
    native.filegroup(
        name = name,
        srcs = select(
            {Label("//venv/private:is_" + key): [":{}_{}".format(name, key)] for key in variants},
            no_match_error = "//{}:{} is built for Python {} only; add yours to `pythons`. It goes into `wheels` of {}".format(
                native.package_name(),
                name,
                ", ".join(pythons),
                "venv_layers, which says for which Python.",
            ),
        ),
        data = deps,
        tags = tags + ["manual"],  # without an environment there is no Python to choose for
        **common
    )

def _check(name, attribute, given, variants):
    for key in given:
        if key not in variants and key not in ARCHITECTURES:
            fail("//{}:{}: {} has the key \"{}\"; there are {}".format(
                native.package_name(),
                name,
                attribute,
                key,
                ", ".join(ARCHITECTURES + variants.keys()),
            ))
