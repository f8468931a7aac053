"""The environment of NVIDIA's CUDA images, as data.

    load("//images/private:cuda_env.bzl", "CUDA_PATH", "cuda_env")

    oci_image(env = cuda_env("12.8.1") | {"PATH": ":".join(CUDA_PATH + [...])}, ...)

The NVIDIA container runtime reads NVIDIA_*: which devices and which parts of the driver to mount, and which
drivers the image accepts. /usr/local/nvidia is where some schedulers (Kubernetes on GKE) mount the driver; the
container runtime itself puts it into the loader's default folders. The values are those of nvidia/cuda at
tags 12.8.1-base-ubuntu24.04 and 13.0.2-base-ubuntu24.04.
"""

CUDA_PATH = [
    "/usr/local/nvidia/bin",
    "/usr/local/cuda/bin",
]

CUDA_LIBRARY_PATH = [
    "/usr/local/nvidia/lib",
    "/usr/local/nvidia/lib64",
]

# Driver branches older than the toolkit's own that run it by minor-version compatibility, and the brands for
# which NVIDIA supports that.
_OLDER_DRIVERS = {
    "12.8": [470, 535, 550, 560, 565],
    "13.0": [535, 550, 565, 570, 575],
}

_BRANDS = [
    "unknown",
    "grid",
    "tesla",
    "nvidia",
    "quadro",
    "quadrortx",
    "nvidiartx",
    "vapps",
    "vpc",
    "vcs",
    "vws",
    "cloudgaming",
]

def cuda_require(version):
    """The value of NVIDIA_REQUIRE_CUDA.

    Args:
        version: the toolkit's version, "12.8" or "12.8.1".

    Returns:
        The condition, as nvidia-container-cli reads it: blanks mean "or", commas "and".
    """
    toolkit = ".".join(version.split(".")[:2])
    return " ".join(["cuda>=" + toolkit] + [
        "brand=%s,driver>=%d,driver<%d" % (brand, driver, driver + 1)
        for driver in _OLDER_DRIVERS.get(toolkit, [])
        for brand in _BRANDS
    ])

def cuda_env(version):
    """The environment of an image with the CUDA runtime, but for PATH: put CUDA_PATH in front of that.

    Args:
        version: NVIDIA's version of the toolkit release, "12.8.1".

    Returns:
        A dictionary.
    """
    return {
        "CUDA_VERSION": version,
        "LD_LIBRARY_PATH": ":".join(CUDA_LIBRARY_PATH),
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        "NVIDIA_REQUIRE_CUDA": cuda_require(version),
        "NVIDIA_VISIBLE_DEVICES": "all",
    }
