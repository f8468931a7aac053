"""Reads back what a registry has: an answer that something is there does not say what its bytes are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

from tools.push.blobs import Sender, rotten
from tools.push.job import PUSHED, UP_TO_DATE, Job
from tools.registry.client import Registry
from tools.registry.layout import Descriptor, Node
from tools.registry.problem import RegistryError
from tools.registry.sinks import HashSink
from tools.registry.upload import Source


class Verifier:
    """Looks at every manifest and blob of images, a blob once for each repository.

    Args:
        sender: replaces what has rotted.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._checks: dict[tuple[str, str], Future[None]] = {}
        self._lock = threading.Lock()

    def verify(self, job: Job) -> None:
        """Reads all of an image; what has rotted is sent anew, and is an error if that does not help."""
        for node in _nodes(job):
            for blob in node.blobs:
                self._once(job, node, blob)
            self._manifest(job, node)

    def _once(self, job: Job, node: Node, blob: Descriptor) -> None:
        """Looks at a blob unless another image has it looked at; what is wrong with it is so for all."""
        ours: Future[None] = Future()
        with self._lock:
            check = self._checks.setdefault((job.registry.reference.name, blob.digest), ours)
        if check is not ours:
            check.result()
            return
        try:
            self._blob(job, node, blob)
        except BaseException as error:  # an interrupt, too: who waits must hear of any end
            ours.set_exception(error)
            raise
        ours.set_result(None)

    def _blob(self, job: Job, node: Node, blob: Descriptor) -> None:
        if not (reason := _wrong(job.registry, blob)):
            return
        job.registry.delete_blob(blob.digest)
        self._sender.replace(Source(blob.digest, blob.size, node.layout.path(blob.digest)), job)
        if _wrong(job.registry, blob):
            raise rotten(job.registry, blob.digest, reason)
        if job.state == UP_TO_DATE:
            job.state = PUSHED

    @staticmethod
    def _manifest(job: Job, node: Node) -> None:
        """A manifest is put anew if its bytes are wrong; reading it by its digest says so."""
        with job.registry.lock(node.digest):
            try:
                if job.registry.get_manifest(node.digest):
                    return
            except RegistryError as error:
                if error.status:
                    raise
            job.registry.put_manifest(node.digest, node.content, node.media_type)
            if not job.registry.get_manifest(node.digest):
                raise RegistryError(f"it does not keep manifest {node.digest}", host=job.registry.host)


def _wrong(registry: Registry, blob: Descriptor) -> str:
    """What is wrong with a blob in a registry; empty if nothing is."""
    if registry.head_blob(blob.digest, blob.size) is None:
        return "it is not there"
    sink = HashSink()
    registry.get_blob(blob.digest, sink)
    return "" if sink.digest == blob.digest else f"its bytes have {sink.digest}"


def _nodes(job: Job) -> Sequence[Node]:
    return [node for top in (job.node, *job.referrers) for node in top.walk()]
