"""The folders of airgap/ and the overrides in .bazelrc say the same."""

import re
import tarfile
from pathlib import PurePosixPath

from tests.airgap.bazel_workspace import source

OVERRIDE = re.compile(r"^common:airgap\s+--override_module=([\w.]+)=(\S+)$", re.MULTILINE)
NAME = re.compile(r'^(?:module\()?\s*name = "([\w.]+)"', re.MULTILINE)


def overrides() -> dict[str, str]:
    return dict(OVERRIDE.findall(source("bazelrc").read_text(encoding="utf-8")))


def drop_ins() -> dict[str, str]:
    """Folder of each module in airgap/ -> the name that its MODULE.bazel says."""
    names = {}
    with tarfile.open(source("airgap.tar")) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if path.name == "MODULE.bazel" and len(path.parts) == 3:
                stream = archive.extractfile(member)
                assert stream is not None
                found = NAME.search(stream.read().decode())
                assert found, member.name
                names[path.parts[1]] = found[1]
    return names


def folders() -> set[str]:
    with tarfile.open(source("airgap.tar")) as archive:
        return {
            member.name.split("/")[1] for member in archive if member.isdir() and member.name.count("/") == 1
        }


def test_every_folder_is_an_override_and_every_override_has_its_folder() -> None:
    prefix = "%workspace%/airgap/"
    ours = {name: path.removeprefix(prefix) for name, path in overrides().items() if path.startswith(prefix)}
    assert ours == {name: name for name in folders()}


def test_every_folder_is_a_module_of_its_name() -> None:
    assert drop_ins() == {name: name for name in folders()}


def test_other_overrides_are_debians() -> None:
    others = {path for path in overrides().values() if not path.startswith("%workspace%/")}
    assert others
    assert all(path.startswith("/usr/share/bazel/") for path in others), others


def test_no_line_escapes_the_pattern() -> None:
    text = source("bazelrc").read_text(encoding="utf-8")
    assert len(re.findall(r"^[^#\n]*override_module", text, re.MULTILINE)) == len(overrides())


def test_drop_ins_are_described() -> None:
    with tarfile.open(source("airgap.tar")) as archive:
        stream = archive.extractfile("airgap/README.md")
        assert stream is not None
        text = stream.read().decode()
    missing = [name for name in folders() if f"`{name}`" not in text]
    assert not missing, f"airgap/README.md has nothing about {missing}"
