"""Names of images, as people write them."""

def parse_image(image):
    """Takes the name of an image apart.

    Args:
        image: such as `debian`, `docker.io/nvidia/cuda:12.8`, `http://localhost:5000/app@sha256:...`.

    Returns:
        A struct of scheme, registry, repository, digest (or None) and tag (or None).
    """
    scheme = "https"
    for candidate in ["http", "https"]:
        if image.startswith(candidate + "://"):
            scheme = candidate
            image = image[len(candidate + "://"):]
            break

    digest = None
    if "@" in image[1:]:
        image, digest = image.rsplit("@", 1)

    # A colon before the last slash belongs to the port of the registry.
    tag = None
    colon = image.rfind(":")
    if colon > image.rfind("/") and colon > 0:
        image, tag = image[:colon], image[colon + 1:]

    if image.startswith("docker.io/"):
        image = "index." + image
    if "/" not in image:
        image = "index.docker.io/library/" + image
    registry, repository = image.split("/", 1)
    return struct(
        scheme = scheme,
        registry = registry,
        repository = repository,
        digest = digest,
        tag = tag,
    )
