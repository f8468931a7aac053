"""What rules that make layers tell rules that make images."""

LayerAnnotationsInfo = provider(
    doc = """What the manifest of an image must say of layers. `annotated_image` writes it there.

A file is JSON, `{"version": 1, "digest": "sha256:...", "annotations": {"key": "value"}}`, where the digest is the
layer's own as it is stored; tools/layer/annotations.py writes it.""",
    fields = {
        "files": "Depset of files, one for each layer that has annotations.",
    },
)
