"""What has become of a push, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tools.push.job import Job
from tools.push.progress import duration
from tools.why.table import columns, megabytes

_VERSION = 1


def table(jobs: Sequence[Job], elapsed: float) -> str:
    """A line for each image, and one for all with the seconds that went by: images are pushed together."""
    rows = [["image", "digest", "sent", "skipped", "time", ""]]
    for job in jobs:
        sizes = [megabytes(job.sent), megabytes(job.skipped)]
        rows.append([job.name, job.node.digest, *sizes, duration(job.seconds), _state(job)])
    if len(jobs) > 1:
        sizes = [megabytes(sum(job.sent for job in jobs)), megabytes(sum(job.skipped for job in jobs))]
        rows.append(["all", "", *sizes, duration(elapsed), ""])
    return "\n".join(columns(rows, right=(2, 3, 4)))


def _state(job: Job) -> str:
    """What has become of it, and whether something was signed."""
    return f"{job.state}, {job.signed} signed" if job.signed else job.state


def as_json(jobs: Sequence[Job], elapsed: float) -> str:
    """The same as JSON; docs/push.md says what the keys mean."""
    images = [
        {
            "bytes_sent": job.sent,
            "bytes_skipped": job.skipped,
            "digest": job.node.digest,
            "error": str(job.error) if job.error else None,
            "name": job.planned.name,
            "repository": job.registry.reference.name,
            "signatures_added": job.signed,
            "seconds": round(job.seconds, 3),
            "state": job.state,
            "tags": list(job.tags),
        }
        for job in jobs
    ]
    document = {
        "bytes_sent": sum(job.sent for job in jobs),
        "bytes_skipped": sum(job.skipped for job in jobs),
        "images": images,
        "seconds_elapsed": round(elapsed, 3),
        "version": _VERSION,
    }
    return json.dumps(document, indent=2, sort_keys=True)
