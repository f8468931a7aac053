"""A push from plan to tags: survey, blobs, manifests, signatures, tags.

Every step is done for all images before the next: no tag moves before all that it stands for is in the
registry. An image that fails does not hold up the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from tools.common.errors import ToolError, raise_all
from tools.push import plan, signing, tags
from tools.push.blobs import Sender, needed
from tools.push.job import UP_TO_DATE, Job
from tools.push.manifests import Manifests
from tools.push.options import Options
from tools.push.progress import Progress
from tools.push.survey import survey
from tools.push.verify import Verifier
from tools.registry import tls
from tools.registry.client import Registry, Session
from tools.registry.journal import Journal
from tools.registry.layout import Layout
from tools.registry.reference import Reference
from tools.registry.transport import Patience

_T = TypeVar("_T")


def prepare(options: Options, environ: Mapping[str, str], patience: Patience) -> list[Job]:
    """Reads what is to be pushed, and where to, and tells all that is wrong with it at once."""
    if options.ca:
        tls.check(options.ca)
    signing.check(options)
    planned = plan.read(options.plan)
    stamped = tags.stamp(planned.status) if options.stamp else []
    sessions: dict[str, Session] = {}
    jobs, errors = [], []
    for image in planned.images:
        try:
            reference = _place(image, options)
            session = sessions.setdefault(
                reference.host, Session(reference.host, environ=environ, ca=options.ca, patience=patience)
            )
            found = tags.tags(image, stamped, options.tags)
            if not found and not options.untagged:
                raise tags.no_tag(image)
            extra = [node for layout in image.referrers for node in Layout(layout).manifests]
            registry = Registry(reference, session, push=not options.dry_run)
            jobs.append(Job(image, registry, found, Layout(image.layout).top, tuple(extra)))
        except ToolError as error:
            errors.append(error)
    raise_all(list({str(error): error for error in errors}.values()))
    _distinct(jobs)
    _lend(jobs, options.mount_from)
    return jobs


def push(jobs: Sequence[Job], options: Options, environ: Mapping[str, str], progress: Progress) -> None:
    """Pushes images; what has become of each is in its job."""
    work = _Work(options, progress, jobs[0].registry.session.transport.patience.stop)
    sender = Sender(Journal.of(environ), options.chunk, progress)
    manifests = Manifests()
    try:
        work.each(survey, jobs, last=lambda job: job.state == UP_TO_DATE and not options.verify)
        changed = [job for job in jobs if job.state != UP_TO_DATE]
        blobs = needed([job for job in jobs if not job.error])
        if options.dry_run:
            work.all(sender.estimate, blobs)
            work.each(manifests.estimate, changed, last=_always)
            return
        work.all(sender.send, blobs)
        work.each(manifests.store, changed)
        if options.verify:
            work.each(Verifier(sender).verify, jobs, last=lambda job: job not in changed)
        if options.sign_key:
            signing.sign(jobs, options)
        work.each(manifests.tag, changed, last=_always)
    finally:
        work.shutdown(wait=False)


def _always(_: Job) -> bool:
    return True


class _Work(ThreadPoolExecutor):
    """Does a step of the push for several images at a time."""

    def __init__(self, options: Options, progress: Progress, stop: threading.Event) -> None:
        super().__init__(options.jobs)
        self._progress, self._stop = progress, stop
        self._told: set[Job] = set()

    def each(
        self,
        work: Callable[[Job], None],
        jobs: Iterable[Job],
        last: Callable[[Job], bool] = lambda job: job.error is not None,
    ) -> None:
        """Does some work for each image but those that have failed; `last` says whether it was the last."""

        def step(job: Job) -> None:
            if not job.error:
                with job.working():
                    work(job)
            if job not in self._told and (job.error or last(job)):
                self._told.add(job)
                self._progress.image(job)

        self.all(step, list(jobs))

    def all(self, work: Callable[[_T], None], items: Sequence[_T]) -> None:
        """Does some work for each item; an interrupt, or a bug, ends it."""
        waiting: set[Future[None]] = {self.submit(work, item) for item in items}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            self._stop.set()
            for future in waiting:
                future.cancel()
            raise


def _place(image: plan.Planned, options: Options) -> Reference:
    """Registry and repository of an image."""
    if options.repository == "":
        raise ToolError(
            "--repository is empty",
            remedy="a variable may not be set: give --repository HOST/PATH, or leave it out to push to\n"
            "where the targets themselves say",
        )
    name = options.repository or image.repository
    if not name:
        raise ToolError(
            "nothing says where to push to",
            remedy="say it: -- --repository registry.example/team, for example",
        )
    reference = Reference.parse(name)
    if reference.named:
        raise ToolError(f"{name!r} is more than a repository", remedy="a tag goes to --tag")
    return reference.below(image.suffix)


def _distinct(jobs: Sequence[Job]) -> None:
    """Refuses a tag for two images."""
    owners: dict[str, Job] = {}
    errors = []
    for job in jobs:
        for tag in job.tags:
            name = str(job.registry.reference.at(tag))
            other = owners.setdefault(name, job)
            if other.node.digest != job.node.digest:
                both = f"{other.planned.name} and {job.planned.name}"
                errors.append(ToolError(f"{both} would both be {name}"))
    raise_all(errors)


def _lend(jobs: Sequence[Job], names: Sequence[str]) -> None:
    """Has images know of the repositories of their registry that --mount-from names."""
    hosts = {job.registry.host for job in jobs}
    errors = []
    for name in names:
        try:
            lender = Reference.parse(name)
        except ToolError as error:
            errors.append(ToolError(f"--mount-from: {error.problem}", remedy=error.remedy))
            continue
        if lender.host not in hosts:
            errors.append(_foreign(name, hosts))
        for job in jobs:
            if job.registry.host == lender.host:
                job.lenders.append(lender.repository)
    raise_all(errors)


def _foreign(name: str, hosts: Iterable[str]) -> ToolError:
    return ToolError(
        f"--mount-from {name} is of another registry than {' and '.join(sorted(hosts))}",
        remedy="a registry takes over what it has itself: name a repository of it, or leave --mount-from out",
    )
