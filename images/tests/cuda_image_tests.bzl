"""Tests of cuda_image without building: where sources are placed, and what is refused with which words."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")
load("@bazel_skylib//rules:write_file.bzl", "write_file")
load("@rules_pkg//pkg:providers.bzl", "PackageFilesInfo")
load("@rules_python//python:defs.bzl", "py_binary", "py_library")
load("//images/private:app_sources.bzl", "app_sources")
load("//images/private:cuda_image_problem.bzl", "cuda_image_problem")
load("//images/private:image_venv.bzl", "image_venv")
load("//images/private:pkgdeps.bzl", "pkgdeps")
load("//tools/testing:fails_test.bzl", "fails_test")
load("//tools/testing:with_toolchains.bzl", "with_toolchains")
load("//venv:defs.bzl", "venv_layers")

_MANUAL = ["manual"]

# Who uses this repository as a module has no ./bazelw.
_ELSEWHERE = "bazel run //app:train_pkgdeps"

# Attributes, and what must be said of them.
_PROBLEMS = [
    (
        {"python": "3.11", "unknown": {"image": ":base"}, "venv": ":env", "wheels": None},
        '//a:b: image = ":base" is no attribute of cuda_image; docs/cuda_image.md lists what it has',
    ),
    (
        {"python": "3.8", "unknown": {}, "venv": ":env", "wheels": None},
        '//a:b: python = "3.8" has no image; choose one of 3.9, 3.10, 3.11, 3.12, 3.13, 3.14',
    ),
    (
        {"python": "3.11", "unknown": {}, "venv": ":env", "wheels": ["x.whl"]},
        '//a:b: venv = ":env" and wheels = ["x.whl"] are both given; ' +
        "give the wheels to the venv_layers target, or leave venv out",
    ),
    (
        {"python": "3.11", "unknown": {}, "venv": None, "wheels": None},
        "//a:b: venv = None and wheels = None: there is neither; " +
        "name a venv_layers target, or the wheels to install; vanilla_py311 is an image without any",
    ),
    ({"python": "3.11", "unknown": {}, "venv": ":env", "wheels": None}, ""),
    ({"python": "3.13", "unknown": {}, "venv": None, "wheels": ["x.whl"]}, ""),
]

def _problems_impl(ctx):
    env = unittest.begin(ctx)
    for attributes, message in _PROBLEMS:
        asserts.equals(env, message, cuda_image_problem(label = "//a:b", **attributes))
    return unittest.end(env)

_problems_test = unittest.make(_problems_impl)

def _places_impl(ctx):
    env = analysistest.begin(ctx)
    files = analysistest.target_under_test(env)[PackageFilesInfo]
    asserts.equals(env, sorted(ctx.attr.places), sorted(files.dest_src_map))
    asserts.equals(env, "0644", files.attributes["mode"])
    (pth,) = [action for action in analysistest.target_actions(env) if action.mnemonic == "FileWrite"]
    asserts.equals(env, ctx.attr.import_folders, pth.content.splitlines())
    return analysistest.end(env)

_places_test = analysistest.make(
    _places_impl,
    attrs = {
        "import_folders": attr.string_list(doc = "The lines that the .pth file must have."),
        "places": attr.string_list(doc = "Where files must be."),
    },
)

def _update_impl(ctx):
    env = analysistest.begin(ctx)
    (plan,) = [action for action in analysistest.target_actions(env) if action.mnemonic == "FileWrite"]
    asserts.equals(env, _ELSEWHERE, json.decode(plan.content)["update"])
    return analysistest.end(env)

_update_test = analysistest.make(_update_impl)

def _subjects():
    """Makes what the tests look at."""
    write_file(
        name = "generated",
        out = "generated.py",
        content = ["ANSWER = 42"],
        tags = _MANUAL,
    )
    with_toolchains(
        name = "generated_elsewhere",
        extra = [":toolchain_arm64"],
        tags = _MANUAL,
        target = ":generated",
    )
    py_library(
        name = "helper",
        srcs = ["relocate.py"],
        data = ["BUILD.bazel"],
        imports = ["src"],
        tags = _MANUAL,
        deps = [
            "@contract//markupsafe:pkg",
            "@rules_python//python/runfiles",
        ],
    )
    py_binary(
        name = "program",
        srcs = ["relocate.py"],
        main = "relocate.py",
        tags = _MANUAL,
    )
    venv_layers(
        name = "venv39",
        python = "3.9",
        tags = _MANUAL,
        wheels = ["@contract//markupsafe:whl"],
    )
    pkgdeps(
        name = "packages_elsewhere",
        image = "venv39",
        needs = ["venv39_amd64_needs"],
        tags = _MANUAL,
        update = _ELSEWHERE,
    )

def _sources(name, srcs):
    app_sources(
        name = name,
        arch = "arm64",
        python = "3.11",
        srcs = srcs,
        tags = _MANUAL,
    )

def cuda_image_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    _subjects()
    tests = [name + "_problems", name + "_places", name + "_update"]
    _problems_test(name = tests[0])
    _sources("sources", [":helper", ":generated", "flag_tests.bzl"])
    _places_test(
        name = tests[1],
        import_folders = ["/app/images/tests/src"],
        places = ["app/images/tests/" + each for each in [
            "BUILD.bazel",
            "flag_tests.bzl",
            "generated.py",
            "relocate.py",
        ]] + ["app/python/runfiles/" + each for each in [
            "__init__.py",
            "py.typed",
            "runfiles.py",
        ]] + ["usr/share/python3/app/lib/python3.11/site-packages/pycuda-app.pth"],
        target_under_test = ":sources",
    )
    _update_test(
        name = tests[2],
        target_under_test = ":packages_elsewhere",
    )
    for arch in ["amd64", "arm64"]:
        image_venv(
            name = "venv_" + arch,
            arch = arch,
            python = "3.9" if arch == "arm64" else "3.11",
            tags = _MANUAL,
            venv = ":venv39_amd64",
        )
    _sources("of_program", [":program"])
    _sources("of_wheels", ["@contract//markupsafe:pkg"])
    _sources("of_two", [":generated", ":generated_elsewhere"])
    for subject, messages in {
        "of_program": [":of_program: srcs = \"", ":program\" is a program", "name its py_library"],
        "of_two": [":of_two: srcs has ", "both would be /app/images/tests/generated.py; leave one out"],
        "of_wheels": [":of_wheels: srcs = [", "has no files but those of wheels; leave it out"],
        "venv_amd64": [":venv_amd64: python = \"3.11\", but venv = \"", "is for 3.9; use an environment for 3.11"],
        "venv_arm64": [":venv_arm64: arch = \"arm64\", but venv = \"", "is for amd64; use an environment for arm64"],
    }.items():
        tests.append("{}_refuses_{}".format(name, subject))
        fails_test(
            name = tests[-1],
            messages = messages,
            target_under_test = subject,
        )
    native.test_suite(
        name = name,
        tests = tests,
    )
