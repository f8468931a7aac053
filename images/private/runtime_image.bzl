"""The image `runtime`: Debian, one Python, the CUDA runtime and three commands, in layers by rate of change.

    load("//images:config.bzl", "RUNTIMES")
    load("//images/private:runtime_image.bzl", "runtime_image")

    [runtime_image(name = "runtime_py" + row.python, row = row, arch = "amd64") for row in RUNTIMES]
"""

load("@container_structure_test//:defs.bzl", "container_structure_test")
load("@rules_oci//oci:defs.bzl", "oci_image")
load("//apt:defs.bzl", "apt_layer")
load("//images:config.bzl", "CUDA", "VIRTUAL_ENV")
load(":cuda_env.bzl", "CUDA_PATH", "cuda_env")
load(":image_shell.bzl", "image_shell")
load(":image_test.bzl", "image_test")
load(":labels.bzl", "image_labels")
load(":ld_cache_layer.bzl", "ld_cache_layer")

_PATH = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
]

# Where the image's programs can be started.
_MACHINES = {
    "amd64": "@platforms//cpu:x86_64",
    "arm64": "@platforms//cpu:aarch64",
}

_ROOTFS = "//images/base:rootfs"

def _env(cuda):
    return cuda_env(cuda.version) | {
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PATH": ":".join([VIRTUAL_ENV + "/bin"] + CUDA_PATH + _PATH),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "VIRTUAL_ENV": VIRTUAL_ENV,
    }

def debian_layer(suite, arch):
    """The name of the layer with Debian's base.

    Args:
        suite: Debian suite.
        arch: architecture.

    Returns:
        A target's name in //images.
    """
    return "debian_{}_{}".format(suite, arch)

def cuda_layer(cuda, arch):
    """The name of the layer with the CUDA runtime.

    Args:
        cuda: key of CUDA in config.bzl.
        arch: architecture.

    Returns:
        A target's name in //images.
    """
    return "cuda{}_{}".format(cuda, arch)

def runtime_image(name, row, arch):
    """Makes an image with NAME_shell, NAME_test and NAME_docker_test.

    Args:
        name: name of the image.
        row: one row of RUNTIMES in config.bzl.
        arch: architecture.
    """
    cuda = CUDA[row.cuda]
    debian = debian_layer(row.suite, arch)
    python = "python{}_{}".format(row.python, arch)
    starts_on = ["@platforms//os:linux", _MACHINES[arch]]
    labels = image_labels(
        title = "runtime-py" + row.python,
        description = "Debian {} with Python {} and the CUDA {} runtime".format(row.suite, row.python, cuda.version),
        version = native.module_version() or "0",
    )

    apt_layer(
        name = python,
        arch = arch,
        base = debian,
        lock = "@" + row.suite,
        set = "python" + row.python,
    )

    # What changes least lies lowest. The linker's cache is about all of them, so it is on top.
    layers = [debian, python, cuda_layer(row.cuda, arch), _ROOTFS]
    ld_cache_layer(
        name = name + "_ld_cache",
        arch = arch,
        layers = layers,
    )
    oci_image(
        name = name,
        annotations = labels,
        architecture = arch,
        cmd = ["bash"],
        env = _env(cuda),
        labels = labels,
        os = "linux",
        tars = layers + [name + "_ld_cache"],
        visibility = ["//visibility:public"],
    )
    image_shell(
        name = name + "_shell",
        image = name,
        target_compatible_with = starts_on,
        visibility = ["//visibility:public"],
    )
    image_test(
        name = name + "_test",
        size = "medium",
        configs = structure_tests(row),
        image = name,
        target_compatible_with = starts_on,
    )

    # The same tests where a container engine is: bazel test //images:runtime_pyXY_docker_test
    container_structure_test(
        name = name + "_docker_test",
        size = "medium",
        configs = structure_tests(row),
        driver = "docker",
        image = name,
        tags = [
            "manual",
            "no-sandbox",
            "requires-network",
        ],
        target_compatible_with = starts_on,
    )

def structure_tests(row):
    """The configurations for container-structure-test.

    Args:
        row: one row of RUNTIMES in config.bzl.

    Returns:
        A list of labels.
    """
    return [
        "//images/runtime:{}.yaml".format(each)
        for each in ["common", row.suite, "cuda" + row.cuda, "py" + row.python.replace(".", "")]
    ]
