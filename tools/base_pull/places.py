"""Where an image may be had: this user's cache, the places of $PYCUDA_BASE_MIRROR, mirrors, its own registry.

What a place gives is hashed. Other bytes than the digest says are an error at once, whoever else has the
right ones: somebody should know of a mirror that rots or lies. A place that is down, or lacks something, is
passed over.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tools.base_pull.cache import Cache, sha256
from tools.common.errors import ToolError
from tools.registry.client import INDEXES, MANIFESTS, Registry, Session
from tools.registry.problem import RegistryError
from tools.registry.reference import Reference
from tools.registry.sinks import FileSink
from tools.registry.transport import AGAIN, Patience

VARIABLE = "PYCUDA_BASE_MIRROR"
_ACCEPT = ", ".join(INDEXES + MANIFESTS)
# A place that does not answer should not keep the next one waiting for long, whatever it asks for; the last
# one has nobody behind it.
_LAST = Patience(retries=4, timeout=60.0)
_PATIENCE = replace(_LAST, longest_asked=2.0)


class Missing(Exception):
    """A place that cannot give something, and why."""


class Down(Missing):
    """A place that gives nothing at all, so that nothing more need be asked of it."""


class LayoutPlace:
    """A folder with an OCI image layout."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder)
        self._folder = folder

    def fetch(self, kind: str, digest: str, output: Path) -> str:
        """Copies a blob; returns what to call it in an error."""
        if not (self._folder / "oci-layout").is_file():
            raise Down("is no OCI image layout: it has no file oci-layout")
        blob = self._folder / "blobs" / digest.replace(":", "/")
        try:
            shutil.copyfile(blob, output)
        except FileNotFoundError:
            raise Missing(f"has no {kind} {digest}") from None
        return str(blob)


class RegistryPlace:
    """A repository of a registry, and how long to wait for it."""

    def __init__(self, reference: Reference, environ: Mapping[str, str], patience: Patience) -> None:
        self.name = reference.name
        self._registry = Registry(reference, Session.of(reference, environ=environ, patience=patience))

    def fetch(self, kind: str, digest: str, output: Path) -> str:
        """Downloads a blob or manifest; returns what to call it in an error."""
        path = f"/{'blobs' if kind == 'blob' else 'manifests'}/{digest}"
        with FileSink(output) as sink:
            try:
                answer = self._registry.request(
                    "GET", path, what=f"read {kind} {digest}", accept=_ACCEPT, sink=sink
                )
            except RegistryError as error:
                # One that is busy, or out of order, has been asked often enough.
                kind_of = Missing if error.status and error.status not in AGAIN else Down
                raise kind_of("\n".join(filter(None, (error.problem, error.remedy)))) from None
        if answer.status == 404:
            raise Missing(f"has no {kind} {digest}")
        if answer.status != 200:
            raise Missing(f"{kind} {digest}: {answer.text}")
        return f"{self._registry.reference.url}{path}"


class Places:
    """All places of an image, in the order in which they are asked.

    Args:
        image: registry and repository, such as docker.io/nvidia/cuda.
        mirrors: places to ask before the registry itself: registries, with a path if need be, in which
            the repository has the same path; and folders with OCI image layouts.
        environ: environment variables; PYCUDA_BASE_MIRROR is a list of further mirrors, with commas.
        cache: what was pulled before.
    """

    def __init__(self, image: str, mirrors: Sequence[str], environ: Mapping[str, str], cache: Cache) -> None:
        self._image = image
        self._cache = cache
        origin = Reference.parse(image)
        first = [each.strip() for each in environ.get(VARIABLE, "").split(",")]
        self._places: list[LayoutPlace | RegistryPlace] = [
            _place(text, origin, environ) for text in dict.fromkeys([*filter(None, first), *mirrors])
        ]
        self._places.append(RegistryPlace(origin, environ, _LAST))
        self._down: dict[str, str] = {}

    def fetch(self, kind: str, digest: str, output: Path) -> None:
        """Writes a blob or manifest to a file; what it has is what the digest says."""
        output.parent.mkdir(parents=True, exist_ok=True)
        if self._cache.get(digest, output):
            return
        reasons = []
        for place in self._places:
            try:
                if place.name in self._down:
                    raise Missing(self._down[place.name])
                source = place.fetch(kind, digest, output)
            except Missing as missing:
                output.unlink(missing_ok=True)
                reasons.append(f"{place.name}: {missing}".replace("\n", "\n    "))
                if isinstance(missing, Down):
                    self._down[place.name] = str(missing)
                continue
            self._check(digest, output, source)
            self._cache.put(digest, output)
            return
        raise ToolError(
            f"the {kind} {digest} can't be had\n" + "\n".join(f"  {each}" for each in reasons),
            file=self._image,
            remedy=f"If the digest is right, name a place that has it: --repo_env={VARIABLE}=PLACE\n"
            "where PLACE is a registry, such as registry.example/mirrors, or the path of an image layout.",
        )

    def _check(self, digest: str, output: Path, source: str) -> None:
        got = sha256(output)
        if got == digest:
            return
        output.unlink()
        raise ToolError(
            f"has other bytes than the digest of {self._image} says\nexpected {digest}\n     got {got}",
            file=source,
            remedy="It is rotten there, or was changed on the way. Have it mended, or leave that place out\n"
            f"of {VARIABLE} and of the mirrors in MODULE.bazel.",
        )


def _place(text: str, origin: Reference, environ: Mapping[str, str]) -> LayoutPlace | RegistryPlace:
    if text.startswith("/"):
        return LayoutPlace(Path(text))
    path = origin.url.partition("/v2/")[2]  # on Docker Hub it may have more parts than its short name
    try:
        reference = Reference.parse(f"{text.rstrip('/')}/{path}")
    except ToolError as error:
        raise ToolError(
            f"the mirror {text!r} is neither a registry nor the absolute path of a folder",
            file=VARIABLE,
            remedy="for example registry.example:5000/mirrors or /srv/bases/cuda",
        ) from error
    return RegistryPlace(reference, environ, _PATIENCE)
