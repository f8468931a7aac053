"""The images whose Debian is tested, and what the lock of their suite puts into them."""

load("//images:config.bzl", "CUDA_DEFAULT", "DEBIAN_RUNTIMES", "ENVIRONMENTS", "RUNTIMES")
load("//images:defs.bzl", "python_tags")
load("//images:names.bzl", "tag")

def debian_images():
    """All kinds of images in the matrix.

    Returns:
        A list of structs: `name` of the target in //images without the architecture, `suite`, `sets` of its lock
        that the image has, `tags` of its tests, and further `tests` of it, once started.
    """
    suites = {row.suite: None for row in RUNTIMES}
    images = [_image("base_" + suite, suite, [], [], tests = ["base_test.py"]) for suite in suites]
    for row in RUNTIMES:
        (debian,) = ["python" + each.python for each in DEBIAN_RUNTIMES if each.suite == row.suite]
        own = [debian] if row.interpreter == "debian" else []
        images += [
            _image("runtime_{}_cuda{}".format(tag(row.python), CUDA_DEFAULT), row.suite, own, python_tags(row)),
            _image("buildtime_" + tag(row.python), row.suite, [debian, "devel", "rust"], python_tags(row)),
        ]
    for row in DEBIAN_RUNTIMES:
        sets = ["python" + row.python] + row.pip_sets
        images += [
            _image("{}_{}_cuda{}".format(kind, tag(row.python), CUDA_DEFAULT), row.suite, sets, [])
            for kind in ENVIRONMENTS
        ]
    return images

def _image(name, suite, sets, tags, tests = []):
    return struct(
        name = name,
        sets = ["essential", "base"] + sets,
        suite = suite,
        tags = tags,
        tests = tests,
    )
