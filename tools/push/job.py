"""One image on its way to a registry, and what has become of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tools.common.errors import ToolError
from tools.push.plan import Planned
from tools.registry.client import Registry
from tools.registry.layout import Descriptor, Layout, Node
from tools.registry.problem import RegistryError

UP_TO_DATE = "up to date"
PUSHED = "pushed"
WOULD_PUSH = "would push"
FAILED = "failed"


@dataclass(eq=False)
class Job:
    """An image, where it goes, and what was found out about it.

    `node` is the image or index; `referrers` are manifests that refer to it or to its parts; `tags` are all
    that it is to have, `stale` those that are elsewhere. `nodes` and `new_referrers` are what the registry
    lacks, and `stored` is what it was given. `lenders` are further repositories of the registry that may have
    its blobs. `signed` counts the signatures that were added.
    """

    planned: Planned
    registry: Registry
    tags: tuple[str, ...]
    node: Node
    referrers: tuple[Node, ...] = ()
    stale: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    new_referrers: list[Node] = field(default_factory=list)
    lenders: list[str] = field(default_factory=list)
    state: str = PUSHED
    error: ToolError | None = None
    sent: int = 0
    stored: set[str] = field(default_factory=set)
    seconds: float = 0.0
    signed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """What it is called in messages: the repository, and a tag."""
        more = f" and {len(self.tags) - 1} more" if len(self.tags) > 1 else ""
        return str(self.registry.reference.at(self.tags[0] if self.tags else self.node.digest)) + more

    @property
    def skipped(self) -> int:
        """Size of what the registry had already, each thing once; what was sent twice takes nothing off."""
        if self.error:
            return 0
        nodes = {node.digest: node for top in (self.node, *self.referrers) for node in top.walk()}
        sizes = {blob.digest: blob.size for node in nodes.values() for blob in node.blobs}
        sizes |= {digest: len(node.content) for digest, node in nodes.items()}
        return sum(size for digest, size in sizes.items() if digest not in self.stored)

    def blobs(self) -> dict[str, tuple[Descriptor, Layout]]:
        """What the manifests refer to that are to be stored, and where it is."""
        return blobs_of([*self.nodes, *self.new_referrers])

    def add_sent(self, count: int) -> None:
        """Counts bytes that went over the wire; from any thread."""
        with self._lock:
            self.sent += count

    def add_stored(self, digest: str, count: int = 0) -> None:
        """Remembers what the registry lacked, and counts bytes that were sent for it; from any thread."""
        with self._lock:
            self.stored.add(digest)
            self.sent += count

    @contextmanager
    def working(self) -> Iterator[None]:
        """Counts the time that is spent on it; what goes wrong is remembered, and ends this image only."""
        start = time.monotonic()
        try:
            yield
        except ToolError as error:
            self.fail(error)
        except OSError as error:
            self.fail(ToolError(error.strerror or str(error), file=error.filename))
        finally:
            with self._lock:
                self.seconds += time.monotonic() - start

    def fail(self, error: ToolError) -> None:
        """Ends in an error; the first one counts."""
        with self._lock:
            if self.error is None:
                self.error, self.state = error, FAILED

    def moved(self, tag: str, found: str | None) -> RegistryError:
        """The error for a tag that is not where it should be."""
        return RegistryError(
            f"{self.registry.reference.at(tag)} is at {found or 'nothing'}, and not at {self.node.digest}",
            host=self.registry.host,
            remedy="somebody else may push the same tag; run this again",
        )


def blobs_of(nodes: list[Node]) -> dict[str, tuple[Descriptor, Layout]]:
    """What manifests refer to."""
    return {blob.digest: (blob, node.layout) for node in nodes for blob in node.blobs}
