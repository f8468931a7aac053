"""The image `runtime`: Debian, one Python, the CUDA runtime and three commands, in layers by rate of change.

    load("//images:config.bzl", "RUNTIMES")
    load("//images/private:runtime_image.bzl", "runtime_image")

    [runtime_image(row = row, arch = "amd64") for row in RUNTIMES]
"""

load("@container_structure_test//:defs.bzl", "container_structure_test")
load("@rules_oci//oci:defs.bzl", "oci_image")
load("//apt:defs.bzl", "apt_layer")
load("//images:config.bzl", "CUDA", "VIRTUAL_ENV")
load(":cuda_env.bzl", "CUDA_PATH", "cuda_env")
load(":cuda_layer.bzl", "cuda_runtime_layer")
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

def shared_layers(suites, cudas, arch):
    """The layers that several images of one architecture have in common.

    Args:
        suites: Debian suites.
        cudas: keys of CUDA in config.bzl.
        arch: architecture.
    """
    for suite in suites:
        apt_layer(
            name = "debian_{}_{}".format(suite, arch),
            arch = arch,
            lock = "@" + suite,
            set = "base",
        )
    for cuda in cudas:
        cuda_runtime_layer(
            name = "cuda{}_{}".format(cuda, arch),
            arch = arch,
            wheels = CUDA[cuda].wheels,
        )

def runtime_image(row, arch):
    """Makes runtime_pyXY with _shell, _test and _docker_test.

    Args:
        row: one row of RUNTIMES in config.bzl.
        arch: architecture.
    """
    name = "runtime_py" + row.python.replace(".", "")
    cuda = CUDA[row.cuda]
    debian = "debian_{}_{}".format(row.suite, arch)
    python = "python{}_{}".format(row.python, arch)
    labels = image_labels(
        title = "runtime-py" + row.python,
        description = "Debian {} with Python {} and the CUDA {} runtime".format(row.suite, row.python, cuda.version),
        suite = row.suite,
    )

    apt_layer(
        name = python,
        arch = arch,
        base = debian,
        lock = "@" + row.suite,
        set = "python" + row.python,
    )

    # What changes least lies lowest. The linker's cache is about all of them, so it is on top.
    layers = [debian, python, "cuda{}_{}".format(row.cuda, arch), _ROOTFS]
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
        visibility = ["//visibility:public"],
    )
    image_test(
        name = name + "_test",
        size = "medium",
        configs = structure_tests(row),
        image = name,
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
