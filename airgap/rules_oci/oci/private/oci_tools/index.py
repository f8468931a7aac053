"""Join images to one index, with the platform that each image's config names.

Bazel runs `index --output=DIR LAYOUT...` (mnemonic OCIIndex). The images' blobs are links to theirs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .jsontext import Json, dump_line
from .layout import OCI_INDEX, Layout

_PLATFORM_KEYS = ("os", "architecture", "variant", "os.version", "os.features")


def platform(config: Json) -> Json:
    """The platform of an image, as an index says it."""
    return {key: config[key] for key in _PLATFORM_KEYS if config.get(key) is not None}


def join(images: list[Layout], output: Layout) -> None:
    """Write the layout of an index of images."""
    entries: list[Json] = []
    for image in images:
        entry = image.only_descriptor()
        manifest = image.manifest(entry["digest"])
        entries.append({**entry, "platform": platform(image.config(manifest))})
        for blob in sorted(image.root.glob("blobs/*/*")):
            output.link(f"{blob.parent.name}:{blob.name}", blob)
    index = dump_line({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    reference = {"mediaType": OCI_INDEX, "size": len(index), "digest": output.put(index)}
    (output.root / "index.json").write_bytes(dump_line({"manifests": [reference]}))
    (output.root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n', encoding="utf-8")


def main(args: list[str]) -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(prog="index", fromfile_prefix_chars="@", allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("layouts", nargs="+", type=Path)
    options = parser.parse_args(args)
    join([Layout(root) for root in options.layouts], Layout(options.output))
    return 0
