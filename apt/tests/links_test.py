"""What the policy makes leads to files, in the layers that nobody starts here, too."""

from __future__ import annotations

import itertools
import posixpath
import tarfile

import pytest

from apt.tests.roots import runfile_list

TRIPLETS = {"AMD64": "x86_64-linux-gnu", "ARM64": "aarch64-linux-gnu"}
CHOICES = "var/lib/dpkg/alternatives/"


class Stack:
    """The paths of stacked layers; links have their target, and files of update-alternatives their text."""

    def __init__(self, arch: str) -> None:
        self.links: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.paths: set[str] = set()
        for layer in runfile_list(arch):
            with tarfile.open(layer) as archive:
                for member in archive:
                    self.paths.add(member.name)
                    if member.issym():
                        self.links[member.name] = member.linkname
                    elif member.name.startswith(CHOICES) and member.isfile():
                        stream = archive.extractfile(member)
                        assert stream is not None
                        self.texts[member.name] = stream.read().decode()

    def leads_somewhere(self, path: str) -> bool:
        place, rest, steps = "", path.split("/"), 0
        while rest:
            place = posixpath.normpath(posixpath.join(place, rest.pop(0))).lstrip("/")
            if place in self.links:
                steps += 1
                assert steps < 40, path
                target = posixpath.join(posixpath.dirname(place), self.links[place])
                place, rest = "", [*target.split("/"), *rest]
        return place in ("", ".") or place in self.paths


@pytest.fixture(scope="module", params=TRIPLETS)
def arch(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def stacks() -> dict[str, Stack]:
    return {arch: Stack(arch) for arch in TRIPLETS}


def test_links_of_alternatives_and_settings_lead_somewhere(stacks: dict[str, Stack], arch: str) -> None:
    stack = stacks[arch]
    made = {
        path: target
        for path, target in stack.links.items()
        if path.startswith(("etc/", "var/")) or target.startswith("/etc/alternatives/")
    }
    assert len(made) > 300
    assert {path: target for path, target in made.items() if not stack.leads_somewhere(path)} == {}


def test_choices_of_alternatives_exist(stacks: dict[str, Stack], arch: str) -> None:
    assert {"cc", "c++", "awk"} <= {path.removeprefix(CHOICES) for path in stacks[arch].texts}
    for path, text in stacks[arch].texts.items():
        choices = text.split("\n\n", 1)[1].splitlines()
        masters = [line for line, number in itertools.pairwise(choices) if number.isdigit()]
        assert masters, path
        for master in masters:
            assert stacks[arch].leads_somewhere(master), f"{path}: {master}"


def test_both_architectures_have_the_same_links(stacks: dict[str, Stack]) -> None:
    amd64, arm64 = (
        {
            path.replace(triplet, "TRIPLET"): target.replace(triplet, "TRIPLET")
            for path, target in stacks[arch].links.items()
            if path.startswith(("etc/", "var/")) or target.startswith(("/etc/", "/usr/share/"))
            if not path.startswith("etc/ssl/certs/")  # a lock may have other versions for an architecture
        }
        for arch, triplet in TRIPLETS.items()
    )
    assert amd64 == arm64
    assert stacks["AMD64"].texts == stacks["ARM64"].texts
