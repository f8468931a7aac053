"""The matrix of images, as data: one row is one version."""

# The seed's place for an application's virtual environment.
VIRTUAL_ENV = "/usr/share/python3/app"

# CPU architectures as Debian and OCI call them.
ARCHITECTURES = [
    "amd64",
    "arm64",
]

# A Python version, and the Debian suite below it: repository @SUITE, whose sets are in //apt/locks:SUITE.json.
# `interpreter` says where the Python is from: "debian" is the suite's own package, one for each suite;
# "rules_python" is an interpreter that rules_python downloads, from PYTHONS in MODULE.bazel. `pip_sets` are the sets
# of the lock that pip takes in a virtual environment of Debian's Python.
RUNTIMES = [
    struct(
        interpreter = "debian",
        pip_sets = ["distutils"],
        python = "3.9",
        suite = "bullseye",
    ),
    struct(
        interpreter = "rules_python",
        pip_sets = [],
        python = "3.10",
        suite = "bookworm",
    ),
    struct(
        interpreter = "debian",
        pip_sets = [],
        python = "3.11",
        suite = "bookworm",
    ),
    struct(
        interpreter = "rules_python",
        pip_sets = [],
        python = "3.12",
        suite = "bookworm",
    ),
    struct(
        interpreter = "debian",
        pip_sets = [],
        python = "3.13",
        suite = "trixie",
    ),
    struct(
        interpreter = "rules_python",
        pip_sets = [],
        python = "3.14",
        suite = "trixie",
    ),
]

# The rows of Debian's own Pythons.
DEBIAN_RUNTIMES = [row for row in RUNTIMES if row.interpreter == "debian"]

# Images of runtime with a virtual environment. `wheels` is what was asked for, of the hub that has the image's name;
# their dependencies follow. `config` are attributes of oci_image, `files` a layer with what the image needs beside.
ENVIRONMENTS = {
    "jupyter": struct(
        config = {
            # As any user, root too; the token in the log lets in.
            "cmd": ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser", "--allow-root"],
            "exposed_ports": ["8888/tcp"],
            "workdir": "/home/jupyter",
        },
        description = "JupyterLab, ipywidgets and ipdb",
        env = {
            "HOME": "/home/jupyter",
            # Jupyter's sockets and secrets may be written where nothing else may.
            "JUPYTER_RUNTIME_DIR": "/tmp/jupyter",
        },
        files = ["//images/jupyter:home"],
        wheels = ["ipdb", "ipywidgets", "jupyterlab", "pip"],
    ),
    "vanilla": struct(
        config = {},
        description = "an empty virtual environment",
        env = {},
        files = [],
        wheels = ["pip", "setuptools", "wheel"],
    ),
}

# CUDA by major version; //images:cuda chooses. `version` is NVIDIA's of the toolkit release, `runtime` the wheel of
# libcudart, `libraries` the further ones of NVIDIA's `runtime` images, a layer each.
CUDA = {
    "12": struct(
        libraries = {
            "cublas": "@cuda12//nvidia_cublas_cu12:whl",
            "cufft": "@cuda12//nvidia_cufft_cu12:whl",
            "cufile": "@cuda12//nvidia_cufile_cu12:whl",
            "curand": "@cuda12//nvidia_curand_cu12:whl",
            "cusolver": "@cuda12//nvidia_cusolver_cu12:whl",
            "cusparse": "@cuda12//nvidia_cusparse_cu12:whl",
            "nccl": "@cuda12//nvidia_nccl_cu12:whl",
            "npp": "@cuda12//nvidia_npp_cu12:whl",
            "nvfatbin": "@cuda12//nvidia_nvfatbin_cu12:whl",
            "nvjitlink": "@cuda12//nvidia_nvjitlink_cu12:whl",
            "nvjpeg": "@cuda12//nvidia_nvjpeg_cu12:whl",
            "nvrtc": "@cuda12//nvidia_cuda_nvrtc_cu12:whl",
            "nvtx": "@cuda12//nvidia_nvtx_cu12:whl",
        },
        runtime = "@cuda12//nvidia_cuda_runtime_cu12:whl",
        version = "12.8.1",
    ),
    "13": struct(
        libraries = {
            "cublas": "@cuda13//nvidia_cublas:whl",
            "cufft": "@cuda13//nvidia_cufft:whl",
            "cufile": "@cuda13//nvidia_cufile:whl",
            "curand": "@cuda13//nvidia_curand:whl",
            "cusolver": "@cuda13//nvidia_cusolver:whl",
            "cusparse": "@cuda13//nvidia_cusparse:whl",
            "nccl": "@cuda13//nvidia_nccl_cu13:whl",
            "npp": "@cuda13//nvidia_npp:whl",
            "nvfatbin": "@cuda13//nvidia_nvfatbin:whl",
            "nvjitlink": "@cuda13//nvidia_nvjitlink:whl",
            "nvjpeg": "@cuda13//nvidia_nvjpeg:whl",
            "nvrtc": "@cuda13//nvidia_cuda_nvrtc:whl",
            "nvtx": "@cuda13//nvidia_nvtx:whl",
        },
        runtime = "@cuda13//nvidia_cuda_runtime:whl",
        version = "13.0.2",
    ),
}

# NVIDIA's names for how much of CUDA an image has; //images:cuda_flavour chooses. `base` is libcudart alone;
# `runtime` adds all `libraries`, some gigabytes, so its images are built when asked for only.
CUDA_FLAVOURS = [
    "base",
    "runtime",
]

# The image of NVIDIA's that --//images:cuda_base=nvidia lays runtime images on; MODULE.bazel pulls it by digest.
NVIDIA_BASE = struct(
    cuda = "12",
    image = "@nvidia_cuda_linux_{}",
    system = "Ubuntu 24.04",
    version = "12.8.1",
)

# What CUDA lies on: `debian`, with NVIDIA's libraries from wheels, or `nvidia`, NVIDIA's own image.
CUDA_BASES = [
    "debian",
    "nvidia",
]

# What an image has unless flags say otherwise.
CUDA_BASE_DEFAULT = "debian"
CUDA_DEFAULT = "12"
CUDA_FLAVOUR_DEFAULT = "base"
