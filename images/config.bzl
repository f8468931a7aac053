"""The matrix of images, as data: one row is one version."""

# The seed's place for an application's virtual environment.
VIRTUAL_ENV = "/usr/share/python3/app"

# CPU architectures as Debian and OCI call them.
ARCHITECTURES = ["amd64"]

# Variants of the CUDA runtime. `version` is NVIDIA's of the toolkit release, `wheels` are its parts by pip hub.
CUDA = {
    "12": struct(
        version = "12.8.1",
        wheels = ["@cuda12//nvidia_cuda_runtime_cu12:whl"],
    ),
}

# A Python version, the Debian suite that carries it (repository @SUITE, sets "base" and "pythonX.Y" of
# //apt/locks:SUITE.json), and the variant of CUDA.
RUNTIMES = [
    struct(
        cuda = "12",
        python = "3.9",
        suite = "bullseye",
    ),
    struct(
        cuda = "12",
        python = "3.11",
        suite = "bookworm",
    ),
    struct(
        cuda = "12",
        python = "3.13",
        suite = "trixie",
    ),
]
