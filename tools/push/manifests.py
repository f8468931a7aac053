"""Manifests and tags, the last things that a registry is sent of images, some of which share manifests.

A registry that keeps files, as Debian's does, writes those of a manifest anew whenever it is stored, and for
a moment they are empty: an index that has it among its parts is refused, a tag of it leads nowhere. So images
of one repository that share a manifest are seen to one after another, and the manifest is stored once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tools.push.job import WOULD_PUSH, Job
from tools.registry import referrers


class Manifests:
    """Sees to it that repositories have manifests and tags."""

    def __init__(self) -> None:
        self._stored: set[tuple[str, str]] = set()

    @staticmethod
    def estimate(job: Job) -> None:
        """Counts what `store` would send."""
        job.state = WOULD_PUSH
        for node in [*job.nodes, *job.new_referrers]:
            job.add_stored(node.digest, len(node.content))

    def store(self, job: Job) -> None:
        """Stores manifests by their digests: parts before the whole, the whole before what refers to it."""
        with _alone(job):
            for node in job.nodes:
                if self._first(job, node.digest):
                    job.registry.put_manifest(node.digest, node.content, node.media_type)
                    self._done(job, node.digest, len(node.content))
            for subject in dict.fromkeys(node.subject for node in job.new_referrers):
                ours = [node for node in job.new_referrers if node.subject == subject]
                ours = [node for node in ours if self._first(job, node.digest)]
                referrers.put(job.registry, ours)
                for node in ours:
                    self._done(job, node.digest, len(node.content))

    @staticmethod
    def tag(job: Job) -> None:
        """Lets the tags be at the image, and looks whether they are."""
        with _alone(job):
            for tag in job.stale:
                job.registry.put_manifest(tag, job.node.content, job.node.media_type)
            for named in job.tags or (job.node.digest,):
                ask = partial(job.registry.head_manifest, named)
                found = job.registry.settled(ask, lambda found: found is not None)
                if found != job.node.digest:
                    raise job.moved(named, found)

    def _first(self, job: Job, digest: str) -> bool:
        return (job.registry.reference.name, digest) not in self._stored

    def _done(self, job: Job, digest: str, size: int) -> None:
        self._stored.add((job.registry.reference.name, digest))
        job.add_stored(digest, size)


@contextmanager
def _alone(job: Job) -> Iterator[None]:
    """Only one thread at a time has any of an image's manifests; in one order, so that none waits forever."""
    digests = {node.digest for top in (job.node, *job.referrers) for node in top.walk()}
    with ExitStack() as locks:
        for digest in sorted(digests):
            locks.enter_context(job.registry.lock(digest))
        yield
