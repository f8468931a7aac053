"""A registry that speaks the OCI distribution specification: what is there, and putting more there.

    session = Session("registry.example:5000")
    registry = Registry(Reference.parse("registry.example:5000/team/train"), session)
    registry.head_manifest("v1")      # "sha256:...", or None

Objects may be used by several threads at once. All failures are RegistryError, which is a ToolError.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from tools.common.errors import naming
from tools.common.outputs import whole
from tools.registry import credentials, tls
from tools.registry.auth import Auth
from tools.registry.problem import LACKING, Answer, RegistryError, refused
from tools.registry.reference import DIGEST, Reference
from tools.registry.sinks import FileSink
from tools.registry.transport import AGAIN, Body, Cut, Patience, Retries, Sink, Transport

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ACCEPT = ", ".join(INDEXES + MANIFESTS)
_SETTLING = (0.25, 1.0)  # seconds
_DIGEST_HEADER = "Docker-Content-Digest"
_SIZE = re.compile("[0-9]{1,18}")
_T = TypeVar("_T")


class Session:
    """The way to one registry, and the logins for it; repositories of it share one.

    Args:
        host: registry and port.
        environ: environment variables: HOME, DOCKER_CONFIG, REGISTRY_AUTH_FILE, proxies and the like.
        ca: file with certificates to trust, beside the system's.
        patience: how often and how long to wait for a busy registry.
    """

    def __init__(
        self,
        host: str,
        *,
        environ: Mapping[str, str] | None = None,
        ca: Path | None = None,
        patience: Patience | None = None,
    ) -> None:
        environ = os.environ if environ is None else environ
        self.host = host
        self._environ = environ
        self.transport = Transport(
            host, lambda: tls.context(host, environ, ca), patience or Patience(), environ
        )
        self._auth: dict[str, Auth] = {}
        self._basic = threading.Event()
        self._locks: dict[tuple[str, str], threading.RLock] = {}

    def auth(self, repository: str) -> Auth:
        """The login for a repository: podman may have one for a part of a registry."""

        def find() -> credentials.Login | None:
            return credentials.find(self.host, repository, self._environ)

        return self._auth.setdefault(repository, Auth(self.transport, find, self._basic))

    def lock(self, repository: str, digest: str) -> threading.RLock:
        """For what one thread of this process is to do at a time with a manifest of a repository."""
        return self._locks.setdefault((repository, digest), threading.RLock())

    @staticmethod
    def of(reference: Reference, **options: Any) -> Session:
        """For the registry of an image."""
        return Session(reference.host, **options)


@dataclass(frozen=True)
class Manifest:
    """A manifest or index as the registry has it."""

    content: bytes
    media_type: str
    digest: str


class Registry:
    """One repository of a registry.

    Args:
        reference: which; its tag or digest doesn't matter.
        session: the way to it.
        push: whether things are to be put there: a token says so.
    """

    def __init__(self, reference: Reference, session: Session | None = None, *, push: bool = False) -> None:
        self.reference = reference.below("")
        self.session = session or Session.of(reference)
        self.host = self.session.host
        self._actions = "pull,push" if push else "pull"
        self._auth = self.session.auth(reference.repository)

    def lock(self, digest: str) -> threading.RLock:
        """For what one thread of this process is to do at a time with a manifest."""
        return self.session.lock(self.reference.repository, digest)

    def beside(self, repository: str) -> Registry:
        """Another repository of the registry, to look at."""
        return Registry(replace(self.reference, repository=repository), self.session)

    # What is there ------------------------------------------------------------------------------------------

    def head_blob(self, digest: str, size: int) -> int | None:
        """The size of a blob, None if it isn't there; -1 if the registry has another under that name.

        Not every registry says the size: the specification asks for no more than the status. A blob that is
        there without one is taken for what it should be, which is `size`.
        """
        what = f"look for blob {digest} in {self.reference.name}"
        answer = self.request("HEAD", f"/blobs/{digest}", what=what)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refused(what, answer, self.host)
        if answer.header(_DIGEST_HEADER) not in ("", digest):
            return -1
        said = answer.header("Content-Length").strip()
        return int(said) if _SIZE.fullmatch(said) else size

    def get_blob(self, digest: str, sink: Sink) -> None:
        """Reads a blob, whose bytes are not checked; a sink may do that."""
        what = f"read blob {digest} of {self.reference.name}"
        answer = self.request("GET", f"/blobs/{digest}", what=what, sink=sink)
        if answer.status != 200:
            raise refused(what, answer, self.host)

    def download(self, digest: str, output: Path) -> None:
        """Writes a blob to a file, which is there only if its bytes are right."""
        sink = FileSink(output)
        with whole(output), naming(output), sink:
            self.get_blob(digest, sink)
            if sink.digest != digest:
                raise RegistryError(
                    f"blob {digest} of {self.reference.name} is rotten: its bytes have {sink.digest}",
                    host=self.host,
                )

    def head_manifest(self, named: str) -> str | None:
        """The digest of what a tag or digest stands for, None if it isn't there."""
        what = f"look for {self.reference.at(named)}"
        answer = self.request("HEAD", f"/manifests/{named}", what=what, accept=_ACCEPT)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refused(what, answer, self.host)
        if digest := answer.header(_DIGEST_HEADER):
            return digest
        found = self.get_manifest(named)
        return found.digest if found else None

    def get_manifest(self, named: str) -> Manifest | None:
        """A manifest or index, None if it isn't there. Asked for by digest, its bytes are right."""
        what = f"read {self.reference.at(named)}"
        answer = self.request("GET", f"/manifests/{named}", what=what, accept=_ACCEPT)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise refused(what, answer, self.host)
        digest = "sha256:" + hashlib.sha256(answer.body).hexdigest()
        if DIGEST.fullmatch(named) and digest != named:
            raise RegistryError(
                f"{self.reference.at(named)} is rotten: its bytes have {digest}", host=self.host
            )
        media_type = answer.header("Content-Type").partition(";")[0].strip()
        return Manifest(answer.body, media_type, digest)

    # Putting more there -------------------------------------------------------------------------------------

    def mount(self, digest: str, source: str) -> bool:
        """Takes a blob over from another repository of the registry, if the registry does such a thing."""
        query = urllib.parse.urlencode({"mount": digest, "from": source})
        what = f"take blob {digest} over from {source} to {self.reference.name}"
        path = f"/blobs/uploads/?{query}"
        try:
            answer = self.request("POST", path, what=what, body=Body.of(b""), source=source)
        except RegistryError as error:
            if error.status == 401:  # the login is for this repository, and not for that one
                return False
            raise
        if answer.status == 202 and (place := answer.header("Location")):
            # An upload was begun instead, which nobody wants; a registry ends it by itself some day.
            with suppress(Cut, RegistryError):
                self.once("DELETE", urllib.parse.urljoin(answer.url, place))
        if answer.status in (201, 202, 400, 401, 403, 404):
            return answer.status == 201
        raise refused(what, answer, self.host)

    def put_manifest(self, named: str, content: bytes, media_type: str) -> Answer:
        """Stores a manifest or index under a tag or its digest, whose parts are there."""
        what = f"store {self.reference.at(named)}"
        body = Body.of(content, media_type)
        answer = self.settled(
            lambda: self.request("PUT", f"/manifests/{named}", what=what, body=body),
            lambda answer: LACKING not in answer.text,
        )
        if answer.status not in (200, 201, 202):
            raise refused(what, answer, self.host)
        return answer

    def delete_blob(self, digest: str) -> bool:
        """Removes a blob from the repository; False if the registry does not allow it."""
        try:
            answer = self.request("DELETE", f"/blobs/{digest}", what=f"remove blob {digest}")
        except RegistryError:  # some sell no token for that; who wanted it gone looks whether it is
            return False
        return answer.status in (200, 202, 404)

    # What all of that is made of ----------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        what: str,
        body: Body | None = None,
        accept: str = "",
        sink: Sink | None = None,
        source: str = "",
    ) -> Answer:
        """The answer to a request that may be sent twice; `path` is in the repository, or a URL."""
        retries = self.retries(what)
        while True:
            try:
                answer = self.once(method, path, body=body, accept=accept, sink=sink, source=source)
            except Cut as error:
                retries.pause(str(error))
                continue
            if answer.status not in AGAIN:
                return answer
            retries.pause(answer.text, answer)

    def once(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        accept: str = "",
        sink: Sink | None = None,
        source: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request, logged in if need be; Cut if there was none."""
        url = path if "://" in path else self.reference.url + path
        ours = url.startswith(self.reference.url.partition("/v2/")[0] + "/")
        actions = f"{self._actions},delete" if method == "DELETE" else self._actions
        scopes = {f"repository:{self._scope}:{actions}"}
        if source:
            scopes.add(f"repository:{source}:pull")
        wanted = frozenset(scopes)
        sent = dict(headers or {})
        if accept:
            sent["Accept"] = accept
        used = self._auth.header(wanted) if ours else ""
        tries = 3  # without a login, with a token that has expired, with a new one
        while True:
            if used:
                sent["Authorization"] = used
            answer = self.session.transport.once(method, url, sent, body=body, sink=sink)
            tries -= 1
            if answer.status != 401 or not ours or not tries:
                return answer
            used = self._auth.answer(answer, wanted, used)

    def settled(self, ask: Callable[[], _T], good: Callable[[_T], bool]) -> _T:
        """What is said in the end: a registry may lack for a moment what another process stores once more."""
        for pause in _SETTLING:
            if good(found := ask()):
                return found
            self.session.transport.patience.wait(pause)
        return ask()

    def retries(self, what: str) -> Retries:
        """Tries for something that is not one request."""
        return self.session.transport.retries(what)

    @property
    def _scope(self) -> str:
        return self.reference.url.partition("/v2/")[2]


def json_of(manifest: Manifest, host: str) -> dict[str, Any]:
    """The content of a manifest of a registry."""
    try:
        content = json.loads(manifest.content)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RegistryError(f"manifest {manifest.digest} is no JSON object", host=host)
    return content
