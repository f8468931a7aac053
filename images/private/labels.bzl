"""The OCI annotations of our images, which are their labels too."""

# Debian's packages have their own licences, in /usr/share/doc/*/copyright; NVIDIA's is in the CUDA layer.
DEBIAN_LICENSE = "LicenseRef-Debian-packages"
NVIDIA_LICENSE = "LicenseRef-NVIDIA-CUDA-EULA"
PYTHON_LICENSE = "PSF-2.0"
UBUNTU_LICENSE = "LicenseRef-Ubuntu-packages"

def image_labels(title, description, licenses, version):
    """Names an image for people and tools.

    Args:
        title: short name of the image.
        description: one sentence.
        licenses: list of SPDX expressions, all of which apply.
        version: version of the image.

    Returns:
        A dictionary, for `labels` and `annotations` of oci_image.
    """
    return {
        "org.opencontainers.image.description": description,
        "org.opencontainers.image.licenses": " AND ".join(licenses),
        "org.opencontainers.image.title": title,
        "org.opencontainers.image.vendor": "pycuda",
        "org.opencontainers.image.version": version,
    }
