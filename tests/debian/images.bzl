"""The images whose Debian is tested, and what the lock of their suite puts into them."""

load("//images:config.bzl", "CUDA_DEFAULT", "RUNTIMES")
load("//images/private:names.bzl", "tag")

def debian_images():
    """All kinds of images in the matrix.

    Returns:
        A list of structs: `name` of the target in //images without the architecture, `suite`, and `sets` of the lock.
    """
    suites = {row.suite: None for row in RUNTIMES}
    images = [_image("base_" + suite, suite, []) for suite in suites]
    for row in RUNTIMES:
        python = ["python" + row.python]
        images.append(_image("buildtime_" + tag(row.python), row.suite, python + ["devel", "rust"]))
        images.append(_image("runtime_{}_cuda{}".format(tag(row.python), CUDA_DEFAULT), row.suite, python))
    return images

def _image(name, suite, sets):
    return struct(name = name, sets = ["essential", "base"] + sets, suite = suite)
