"""Signs what was pushed, before any tag is at it: who looks for a signature finds one with the tag."""

from __future__ import annotations

from collections.abc import Sequence

from tools.push.job import Job
from tools.push.options import Options
from tools.sign.cosign import Signer


def check(options: Options) -> None:
    """Tells what is wrong with the key before anything is pushed."""
    if options.sign_key:
        with _signer(options) as signer:
            signer.ready()


def sign(jobs: Sequence[Job], options: Options) -> None:
    """Signs indexes, images and documents about them; what this key has signed already is left as it is."""
    with _signer(options) as signer:
        for job in jobs:
            if not job.error:
                with job.working():
                    _sign(job, signer)


def _signer(options: Options) -> Signer:
    return Signer(options.sign_key, str(options.ca or ""))


def _sign(job: Job, signer: Signer) -> None:
    plain = job.registry.reference.scheme == "http"
    nodes = [*job.node.walk(), *job.referrers]
    for digest in dict.fromkeys(node.digest for node in nodes):
        job.signed += signer.sign(str(job.registry.reference.at(digest)), plain=plain)
