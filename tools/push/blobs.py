"""Layers and configurations: each goes to a registry once, and is taken over by its other repositories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.common.errors import ToolError
from tools.push.job import Job, blobs_of
from tools.push.progress import Progress
from tools.push.survey import here
from tools.registry.client import Registry
from tools.registry.journal import Journal
from tools.registry.layout import Descriptor, Layout
from tools.registry.problem import RegistryError
from tools.registry.upload import Source, Upload

_CLOSED = (400, 401, 403)


@dataclass
class Blob:
    """One blob on its way to one registry: who needs it, and which repositories are known to have it."""

    descriptor: Descriptor
    layout: Layout
    jobs: list[Job] = field(default_factory=list)
    holders: dict[str, None] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        """Where it is on this machine."""
        descriptor = self.descriptor
        return Source(descriptor.digest, descriptor.size, self.layout.path(descriptor.digest))


def needed(jobs: Sequence[Job]) -> list[Blob]:
    """The blobs of images, which were surveyed, that must be seen to; large ones first.

    A registry takes over what its own repositories have: two registries are sent a blob each.
    """
    found: dict[tuple[str, str], Blob] = {}
    for job in jobs:
        for digest, (descriptor, layout) in job.blobs().items():
            blob = found.setdefault((job.registry.host, digest), Blob(descriptor, layout))
            blob.jobs.append(job)
    for job in jobs:
        for digest in blobs_of(here(job)):
            if wanted := found.get((job.registry.host, digest)):
                wanted.holders[job.registry.reference.repository] = None
    for blob in found.values():
        blob.holders |= dict.fromkeys(lender for job in blob.jobs for lender in job.lenders)
    return sorted(found.values(), key=lambda blob: (-blob.descriptor.size, blob.descriptor.digest))


class Sender:
    """Sees to it that repositories have blobs.

    Args:
        journal: remembers uploads that were begun.
        chunk: size of the largest request.
        progress: is told of it.
    """

    def __init__(self, journal: Journal, chunk: int, progress: Progress) -> None:
        self._journal, self._chunk, self._progress = journal, chunk, progress

    def send(self, blob: Blob) -> None:
        """Brings a blob to all repositories that need it; who does not get it, fails."""
        done: set[str] = set()
        for job in blob.jobs:
            if job.error or job.registry.reference.repository in done:
                continue
            with job.working():
                self._ensure(blob, job)
                done.add(job.registry.reference.repository)
            if job.error:
                self._fail_others(blob, job)

    @staticmethod
    def estimate(blob: Blob) -> None:
        """Counts what `send` would send."""
        digest, size = blob.descriptor.digest, blob.descriptor.size
        for job in blob.jobs:
            with job.working():
                registry = job.registry
                if registry.head_blob(digest, size) == size:
                    blob.holders[registry.reference.repository] = None
                elif not any(_lent(registry, digest, size, each) for each in blob.holders):
                    job.add_stored(digest, size)
                    return

    def replace(self, source: Source, job: Job) -> None:
        """Sends a blob that the registry seems to have."""
        self._upload(source, job)

    def _ensure(self, blob: Blob, job: Job) -> None:
        registry, digest, wanted = job.registry, blob.descriptor.digest, blob.descriptor.size
        repository = registry.reference.repository
        size = registry.head_blob(digest, wanted)
        if size is None and not any(self._mounted(registry, digest, each) for each in blob.holders):
            self._upload(blob.source, job)
        elif size is not None and size != wanted:
            self._upload(blob.source, job)
            if (size := registry.head_blob(digest, wanted)) != wanted:
                raise rotten(registry, digest, f"it has {size} bytes, and not {wanted}")
        blob.holders = {repository: None} | blob.holders

    @staticmethod
    def _mounted(registry: Registry, digest: str, holder: str) -> bool:
        return holder != registry.reference.repository and registry.mount(digest, holder)

    def _upload(self, source: Source, job: Job) -> None:
        with self._progress.blob(source.digest, source.size, job.registry.reference.repository) as line:
            Upload(
                job.registry,
                source,
                journal=self._journal,
                chunk=self._chunk,
                sent=job.add_sent,
                position=line.at,
            ).run()
        job.add_stored(source.digest)

    @staticmethod
    def _fail_others(blob: Blob, failed: Job) -> None:
        """What one image can't get from this machine, others can't either."""
        if failed.error and not isinstance(failed.error, RegistryError):
            for job in blob.jobs:
                job.fail(failed.error)


def _lent(registry: Registry, digest: str, size: int, holder: str) -> bool:
    """Whether a repository has a blob to take over; one that is closed to us is none, as for `mount`."""
    try:
        return registry.beside(holder).head_blob(digest, size) is not None
    except RegistryError as error:
        if error.status in _CLOSED:
            return False
        raise


def rotten(registry: Registry, digest: str, reason: str) -> ToolError:
    """The error for a blob that the registry does not take anew."""
    kind, _, name = digest.partition(":")
    return RegistryError(
        f"blob {digest} of {registry.reference.name} is rotten: {reason}",
        host=registry.host,
        remedy="the registry keeps what it has, although it was sent again. Whoever runs it removes\n"
        f"docker/registry/v2/blobs/{kind}/{name[:2]}/{name}/data, or what is its like; then push again",
    )
