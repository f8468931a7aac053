"""What NAME_link_test says of an image, against the image's own loader in the started image."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from python.runfiles import Runfiles

from tests.linking.odd import make, surprise
from tests.linking.oracle import Answer, ask, expected
from tools.elf_scan import elf, facts
from tools.elf_scan.loader import Loader
from tools.elf_scan.root import Root
from tools.elf_scan.stacked import StackedLibraries
from tools.image_run.layout import open_image
from tools.image_run.store import cached_root
from tools.image_run.unpack import remove_tree
from tools.link_test.__main__ import loader

_SEEDS = range(8)
_NATIVE = (elf.EM_X86_64, 64)


@dataclass(frozen=True)
class Image:
    """The image under test, unpacked, and the facts of its layers."""

    layout: Path
    stack: StackedLibraries
    loader: Loader
    root: Root
    scratch: Path


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """What the link test of the image is started with."""
    runfiles = Runfiles.Create()
    assert runfiles is not None
    test = runfiles.Rlocation(os.environ["LINK_TEST"])
    assert test is not None
    top = Path(os.environ["TEST_SRCDIR"], os.environ["TEST_WORKSPACE"])
    lines = Path(f"{test}.args").read_text(encoding="utf-8").splitlines()
    layout = top / lines[lines.index("--image") + 1]
    stack = StackedLibraries(facts.read(top / line) for line in lines if line.endswith(".elf.json"))
    opened = open_image(layout)
    scratch = tmp_path_factory.mktemp("scratch")
    with cached_root(opened, scratch / "pycuda/roots") as root:
        yield Image(layout, stack, loader(stack, opened.config), Root(str(root)), scratch)
    remove_tree(str(scratch))


def native(stack: StackedLibraries) -> list[str]:
    """The files that the loader can be asked about."""
    return [
        path
        for path, library in stack.files()
        if library.elf.loadable and (library.elf.machine, library.elf.bits) == _NATIVE
    ]


def differences(answers: dict[str, Answer], stack: StackedLibraries, like: Loader) -> Iterable[str]:
    """The files of which the image's loader says something else."""
    for path in native(stack):
        wanted = expected(path, like.load(path), lambda name: stack.real(name) or name)
        if answers[path] != wanted:
            yield f"{path}\n  ld.so: {answers[path]}\n  here:  {wanted}"


def test_the_layers_told_of_every_elf_file_in_the_image(image: Image) -> None:
    found = {}
    for folder, _, names in os.walk(image.root.host("/")):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and (
                read := image.root.read(inside := path.removeprefix(image.root.host("")))
            ):
                found[inside] = (os.path.getsize(path), read)
    assert found == {path: (library.size, library.elf) for path, library in image.stack.files()}
    assert len(found) > 500


def test_the_loader_of_the_image_gives_the_same_answers(image: Image) -> None:
    files = native(image.stack)
    answers = ask(image.layout, files, image.scratch, image.root.real)
    assert not list(differences(answers, image.stack, image.loader))
    assert len(files) > 500
    assert any(len(answer.found) > 3 for answer in answers.values())


@pytest.mark.parametrize("seed", _SEEDS)
def test_the_loader_of_the_image_gives_the_same_answers_for_odd_libraries(
    seed: int, image: Image, tmp_path: Path
) -> None:
    paths = "/odd:/odd/linked:relative" if seed % 2 else ""
    odd = make(image.root, surprise(seed), tmp_path / "odd", paths)
    stack = StackedLibraries(odd.layers)
    answers = ask(odd.layout, native(stack), tmp_path, stack.real)
    assert not list(differences(answers, stack, loader(stack, open_image(odd.layout).config)))
    assert any(answer.lost for answer in answers.values())
    assert any(answer.versions for answer in answers.values())
