"""Package URLs (purl-spec) of components: what scanners look vulnerabilities up by."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from tools.component.record import Component

# Debian's suites and their numbers, which is what scanners call them.
_RELEASES = {"bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}


def purl(component: Component, suite: str = "") -> str:
    """The package URL of a component; empty for plain files, which are no package.

    Args:
        component: what to name.
        suite: the Debian suite that .debs are from; empty if it isn't one.
    """
    version = component.version
    match component.kind:
        case "deb":
            distro = f"debian-{_RELEASES.get(suite, suite)}" if suite else ""
            return _url("deb/debian", component.name, version, {"arch": component.arch, "distro": distro})
        case "installed":
            return _url(f"deb/{_vendor(component)}", component.name, version, {"arch": component.arch})
        case "wheel":
            return _url("pypi", component.name, version, {})
        case "interpreter":
            return _url("generic", component.name, version, {})
        case "image":
            return image_purl(component.name, component.sha256, component.arch)
    return ""


def image_purl(name: str, sha256: str, arch: str) -> str:
    """The package URL of an image, whose version is its digest."""
    return _url("oci", name.lower(), f"sha256:{sha256}", {"arch": arch})


def _vendor(component: Component) -> str:
    """Whose package it is, as its own version and maintainer say."""
    said = f"{component.version} {component.supplier}".lower()
    return next((vendor for vendor in ("nvidia", "ubuntu") if vendor in said), "debian")


def _url(kind: str, name: str, version: str, qualifiers: Mapping[str, str]) -> str:
    found = f"pkg:{kind}/{quote(name, safe='')}"
    if version:
        found += "@" + quote(version, safe=":")  # as in an epoch, or a digest
    pairs = [f"{key}={quote(value, safe=':')}" for key, value in sorted(qualifiers.items()) if value]
    return found + ("?" + "&".join(pairs) if pairs else "")
