"""What a build on this machine needs to reach packages, as volumes, so that no Dockerfile speaks of it.

A user at home needs none of this. Here apt and pip may be set up to use mirrors and authorities of their own;
the containers of a build get the same files, for the time of the build.
"""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.pip_lock.pip_config import PipConfig, parse

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_CONFIG = "/etc/pip.conf"


def pip_config() -> PipConfig:
    """How pip is set up on this machine."""
    done = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=True)
    return parse(done.stdout.splitlines())


def pip_volumes(config: PipConfig, folder: Path) -> list[str]:
    """Volumes with pip's configuration and the files that it names.

    Args:
        config: how pip is set up.
        folder: where to write the configuration.
    """
    options = {
        "constraint": " ".join(config.constraints),
        "extra-index-url": " ".join(config.extra_indexes),
        "find-links": " ".join(config.find_links),
        "index-url": config.index,
        "no-index": "true" if config.no_index else "",
        "proxy": config.proxy,
        "trusted-host": " ".join(config.trusted_hosts),
        "client-cert": config.client_certificate,
        "disable-pip-version-check": "true",
        "timeout": "180",
    }
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in options.items() if value))
    named = [*config.constraints, *config.extra_indexes, *config.find_links, config.index]
    paths = {str(path): str(path) for path in _local([*named, config.client_certificate])}
    return _volumes({_CONFIG: str(file), _BUNDLE: _bundle(config), **paths})


def apt_volumes(sources: Mapping[str, str], mirrors: Sequence[str], folder: Path) -> list[str]:
    """Volumes with apt's sources and the mirrors that are folders.

    Args:
        sources: text by path in the image.
        mirrors: URLs in it.
        folder: where to write the sources.
    """
    files = {}
    for path, text in sources.items():
        file = folder / Path(path).name
        file.write_text(text)
        files[path] = str(file)
    return _volumes({**files, **{str(path): str(path) for path in _local(mirrors)}})


def _bundle(config: PipConfig) -> str:
    """The authorities that this machine trusts; in the image they are at Debian's place, for all programs."""
    return config.certificates or ssl.get_default_verify_paths().cafile or _BUNDLE


def _local(places: Sequence[str]) -> Iterator[Path]:
    """The files and folders among paths and URLs; an index keeps its files beside its pages."""
    for place in filter(None, places):
        url = urlsplit(place)
        if url.scheme in ("", "file"):
            path = Path(unquote(url.path))
            yield path.parent if path.name == "simple" else path


def _volumes(files: Mapping[str, str]) -> list[str]:
    return [f"--volume={source}:{target}:ro" for target, source in files.items()]
