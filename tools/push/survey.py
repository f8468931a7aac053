"""What a registry lacks of an image, asked with as few requests as there can be.

A registry takes no manifest before all that it refers to. So one HEAD of a tag that is at the image's digest
says that everything is there; only otherwise the parts are asked for.
"""

from __future__ import annotations

from tools.push.job import UP_TO_DATE, Job
from tools.registry import referrers
from tools.registry.layout import Node


def survey(job: Job) -> None:
    """Finds out which tags, manifests and referrers are to be stored."""
    registry, digest = job.registry, job.node.digest
    job.stale = [tag for tag in job.tags if registry.head_manifest(tag) != digest]
    if (job.stale or not job.tags) and registry.head_manifest(digest) != digest:
        *below, top = job.node.walk()
        parts = {node.digest: node for node in below}
        job.nodes = [node for node in parts.values() if registry.head_manifest(node.digest) != node.digest]
        job.nodes.append(top)
    for subject in dict.fromkeys(node.subject for node in job.referrers):
        there = {each.get("digest") for each in referrers.listed(registry, subject)}
        ours = [node for node in job.referrers if node.subject == subject]
        job.new_referrers += [node for node in ours if node.digest not in there]
    if not job.stale and not job.nodes and not job.new_referrers:
        job.state = UP_TO_DATE


def here(job: Job) -> list[Node]:
    """The manifests that the registry has with all that they refer to."""
    lacking = {node.digest for node in [*job.nodes, *job.new_referrers]}
    return [node for top in (job.node, *job.referrers) for node in top.walk() if node.digest not in lacking]
