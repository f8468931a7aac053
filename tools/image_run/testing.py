"""For tests: makes OCI layouts by hand, good and bad ones, and an image that real programs start in."""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Entry = tuple[tarfile.TarInfo, bytes]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def file(name: str, content: bytes = b"", mode: int = 0o644, **more: Any) -> Entry:
    """A regular file, as a layer's entry."""
    return _entry(name, tarfile.REGTYPE, mode, content, more)


def folder(name: str, mode: int = 0o755, **more: Any) -> Entry:
    """A directory."""
    return _entry(name, tarfile.DIRTYPE, mode, b"", more)


def symlink(name: str, target: str) -> Entry:
    """A symbolic link."""
    return _entry(name, tarfile.SYMTYPE, 0o777, b"", {"linkname": target})


def hardlink(name: str, target: str) -> Entry:
    """A hard link to an earlier entry."""
    return _entry(name, tarfile.LNKTYPE, 0o644, b"", {"linkname": target})


def special(name: str, kind: bytes) -> Entry:
    """An entry of any other type."""
    return _entry(name, kind, 0o644, b"", {})


def tar(entries: Iterable[Entry]) -> bytes:
    """A layer, not compressed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as layer:
        for info, content in entries:
            layer.addfile(info, io.BytesIO(content))
    return out.getvalue()


def gzip_members(data: bytes, size: int = 700) -> bytes:
    """Compresses as many small gzip members, cut without regard to the tar inside."""
    return b"".join(gzip.compress(data[start : start + size], mtime=0) for start in range(0, len(data), size))


class Layout:
    """An OCI layout in the making."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "blobs" / "sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, data: bytes, media_type: str) -> dict[str, Any]:
        """Stores a blob; returns its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        (self.path / "blobs" / "sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "mediaType": media_type, "size": len(data)}

    def image(
        self,
        layers: Sequence[Iterable[Entry] | bytes],
        config: Mapping[str, Any] | None = None,
        architecture: str = "amd64",
        compress: Callable[[bytes], bytes] = gzip.compress,
    ) -> dict[str, Any]:
        """Stores an image; returns its manifest's descriptor."""
        tars = [layer if isinstance(layer, bytes) else tar(layer) for layer in layers]
        document = {
            "architecture": architecture,
            "config": dict(config or {}),
            "os": "linux",
            "rootfs": {
                "diff_ids": [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in tars],
                "type": "layers",
            },
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self.blob(json.dumps(document).encode(), _CONFIG),
            "layers": [self.blob(compress(data), _LAYER) for data in tars],
        }
        platform = {"os": "linux", "architecture": architecture}
        return self.blob(json.dumps(manifest).encode(), _MANIFEST) | {"platform": platform}

    def index(self, manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Stores an index; returns its descriptor."""
        return self.blob(json.dumps({"schemaVersion": 2, "manifests": list(manifests)}).encode(), _INDEX)

    def finish(self, *manifests: Mapping[str, Any]) -> Path:
        """Writes index.json."""
        (self.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
        return self.path


def single(path: Path, *layers: Iterable[Entry] | bytes, **config: Any) -> Path:
    """A layout with one image."""
    layout = Layout(path)
    return layout.finish(layout.image(layers, config))


def programs(*names: str) -> list[Entry]:
    """Programs of this machine with the libraries that they load, for an image to start them in."""
    entries = [
        folder(name, mode)
        for name, mode in (("proc", 0o755), ("dev", 0o755), ("tmp", 0o1777), ("etc", 0o755))
    ]
    libraries: set[str] = set()
    for name in names:
        found = shutil.which(name)
        assert found, f"this machine has no {name}"
        entries.append(file(f"bin/{name}", Path(found).resolve().read_bytes(), 0o755))
        listed = subprocess.run(["ldd", found], capture_output=True, text=True, check=True).stdout
        libraries |= {word for word in listed.split() if word.startswith("/")}
    entries += [
        file(each.lstrip("/"), Path(each).resolve().read_bytes(), 0o755) for each in sorted(libraries)
    ]
    return entries


def _entry(name: str, kind: bytes, mode: int, content: bytes, more: Mapping[str, Any]) -> Entry:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size = kind, mode, len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content
