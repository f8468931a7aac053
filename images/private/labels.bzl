"""The OCI annotations of our images, which are their labels too."""

# Debian's packages have their own licences, in /usr/share/doc/*/copyright; NVIDIA's is in the CUDA layer.
_LICENSES = "PSF-2.0 AND LicenseRef-Debian-packages AND LicenseRef-NVIDIA-CUDA-EULA"

def image_labels(title, description, version):
    """Names an image for people and tools.

    Args:
        title: short name of the image.
        description: one sentence.
        version: version of the image.

    Returns:
        A dictionary, for `labels` and `annotations` of oci_image.
    """
    return {
        "org.opencontainers.image.description": description,
        "org.opencontainers.image.licenses": _LICENSES,
        "org.opencontainers.image.title": title,
        "org.opencontainers.image.vendor": "pycuda",
        "org.opencontainers.image.version": version,
    }
