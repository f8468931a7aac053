"""Sends one blob to a registry, in the middle of which everything may go wrong.

A small blob is one request. A large one is streamed; after a cut the registry is asked how much it has got,
and the rest follows. What the registry made of it is known by its digest, which it checks at the end.
"""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError
from tools.registry.client import Registry
from tools.registry.journal import Journal
from tools.registry.problem import Answer, RegistryError, refused
from tools.registry.transport import AGAIN, Body, Cut

_SMALL = 1 << 16
_PIECE = 1 << 18
_MAX_LOST = 3
_LOST = frozenset((400, 404, 416))
_BUILD = "something has changed an output of the build: run `bazel clean`, and build again"


@dataclass(frozen=True)
class Source:
    """A blob in a file."""

    digest: str
    size: int
    path: Path

    def check_size(self) -> None:
        """Refuses a file that can't be it, before a registry is bothered."""
        try:
            size = self.path.stat().st_size
        except OSError as error:
            raise ToolError(error.strerror or str(error), file=self.path, remedy=_BUILD) from None
        if size != self.size:
            wanted = f"and not the {self.size} of its descriptor"
            raise ToolError(f"has {size} bytes, {wanted}", file=self.path, remedy=_BUILD)

    def check(self) -> None:
        """Refuses a file that is not what its name says, which only matters once somebody has complained."""
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as file:
                while data := file.read(_PIECE):
                    digest.update(data)
        except OSError as error:
            raise ToolError(error.strerror or str(error), file=self.path) from None
        if (got := f"sha256:{digest.hexdigest()}") != self.digest:
            raise ToolError(
                f"is not what its name says: its bytes have {got}, and not {self.digest}",
                file=self.path,
                remedy=_BUILD,
            )


def ignore(_: int) -> None:
    """Nobody wants to know."""


class Upload:
    """Sends a blob.

    Args:
        registry: repository that gets it.
        source: the blob.
        journal: remembers where to go on.
        chunk: size of the largest request, 0 for no limit.
        sent: is told of bytes that went over the wire.
        position: is told how much of the blob has arrived.
    """

    def __init__(
        self,
        registry: Registry,
        source: Source,
        *,
        journal: Journal | None = None,
        chunk: int = 0,
        sent: Callable[[int], None] = ignore,
        position: Callable[[int], None] = ignore,
    ) -> None:
        self._registry, self._source, self._chunk = registry, source, chunk
        self._journal = journal or Journal()
        self._sent, self._position = sent, position
        self._what = f"send blob {source.digest} to {registry.reference.name}"
        self._retries = registry.retries(self._what)
        self._lost = 0
        self._offset = 0

    def run(self) -> None:
        """Sends it; afterwards it is there."""
        registry, source = self._registry, self._source
        source.check_size()
        with self._journal.entry(registry.reference.name, source.digest) as entry:
            place = self._resume_earlier(entry.place) if entry.place else ""
            done = False
            while not done:
                if not place:
                    place = self._begin()
                entry.store(place)
                self._position(self._offset)
                if self._offset < source.size and (self._offset or source.size > _SMALL):
                    place = self._patch(place)
                else:
                    place, done = self._commit(place)
            entry.store("")
            self._position(source.size)

    def _begin(self) -> str:
        """The address of a new upload."""
        registry = self._registry
        self._offset = 0
        answer = registry.request("POST", "/blobs/uploads/", what=self._what, body=Body.of(b""))
        if answer.status != 202 or not answer.header("Location"):
            raise refused(self._what, answer, registry.host)
        return _location(answer, "")

    def _patch(self, place: str) -> str:
        """Sends what is missing, or a chunk of it; where to go on, empty if that is nowhere."""
        start = self._offset
        end = min(self._source.size, start + self._chunk) if self._chunk else self._source.size
        headers = {"Content-Range": f"{start}-{end - 1}"} if start or end < self._source.size else {}
        try:
            answer = self._registry.once("PATCH", place, body=self._body(start, end), headers=headers)
        except Cut as error:
            self._position(start)
            self._retries.pause(str(error))
            return self._resume(place)
        if answer.status in AGAIN:
            self._position(start)
            self._retries.pause(answer.text, answer)
            return self._resume(place)
        if answer.status not in (201, 202, 204):
            self._lose(answer)
            return ""
        self._offset = end
        self._retries.progress()
        return _location(answer, place)

    def _commit(self, place: str) -> tuple[str, bool]:
        """Says that this is all: where to go on, and whether the blob is there."""
        size = self._source.size
        url = place + ("&" if "?" in place else "?") + urllib.parse.urlencode({"digest": self._source.digest})
        try:
            answer = self._registry.once("PUT", url, body=self._body(self._offset, size))
        except Cut as error:
            self._retries.pause(str(error))
        else:
            if answer.status in (201, 202, 204):
                return "", True
            if answer.status not in AGAIN:
                self._lose(answer)
                return "", False
            self._retries.pause(answer.text, answer)
        # It may have arrived all the same.
        if self._registry.head_blob(self._source.digest, size) == size:
            return "", True
        return self._resume(place), False

    def _resume(self, place: str) -> str:
        """Asks how much has arrived; where to go on, empty if the registry knows nothing of it."""
        answer = self._registry.request("GET", place, what=self._what)
        found = re.fullmatch(r"(?:bytes=)?0-(\d+)", answer.header("Range"))
        if answer.status not in (200, 202, 204) or not found:
            return ""
        # 0-0 is what registries say of nothing, too.
        arrived = int(found[1]) + 1 if int(found[1]) else 0
        if arrived > self._source.size:
            return ""
        if arrived > self._offset:
            self._retries.progress()
        self._offset = arrived
        return _location(answer, place)

    def _resume_earlier(self, place: str) -> str:
        """As `_resume`, for what an earlier push has begun: what can't be gone on with is begun anew."""
        try:
            return self._resume(place)
        except RegistryError:
            # If it is the registry itself that is away, the new upload says so.
            return ""

    def _lose(self, answer: Answer) -> None:
        """Lets an upload go that the registry does not know any more; the error if it has other reasons."""
        self._lost += 1
        if answer.status == 400:
            self._source.check()
        if answer.status not in _LOST or self._lost >= _MAX_LOST:
            raise refused(self._what, answer, self._registry.host)

    def _body(self, start: int, end: int) -> Body:
        return Body(end - start, lambda: self._pieces(start, end))

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        path = self._source.path
        stop = self._registry.session.transport.patience.stop
        try:
            file = path.open("rb")
        except OSError as error:
            raise ToolError(error.strerror or str(error), file=path) from None
        with file:
            file.seek(start)
            at = start
            while at < end:
                if stop.is_set():
                    raise KeyboardInterrupt
                try:
                    data = file.read(min(_PIECE, end - at))
                except OSError as error:
                    raise ToolError(error.strerror or str(error), file=path) from None
                if not data:
                    raise ToolError(f"ends after {at} bytes", file=path, remedy=_BUILD)
                yield data
                at += len(data)
                self._sent(len(data))
                self._position(at)


def _location(answer: Answer, place: str) -> str:
    location = answer.header("Location")
    return urllib.parse.urljoin(answer.url, location) if location else place
