"""What a build says of an environment whose libraries are not as they should be, and what is built yet."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from subprocess import CompletedProcess

import pytest

from tools.elf_scan.elf_writer import Spec, write
from tools.testing.nested_bazel import NestedBazel, caches
from tools.testing.tiny_wheel import TinyWheel

APP = "//tests/closure/app"
TAGS = "cp311-cp311-manylinux_2_28_x86_64"
WHEELS = [
    TinyWheel("needy", tags=TAGS, files={"needy/native.so": write(Spec(needed=["libgomp.so.1"]))}),
    *(
        TinyWheel(name, tags=TAGS, files={f"{name}/libtwin.so.1": write(Spec(soname="libtwin.so.1"))})
        for name in ("castor", "pollux")
    ),
]
NEEDY, TWINS = [WHEELS[0].file], [wheel.file for wheel in WHEELS[1:]]
TARGETS: list[tuple[str, dict[str, object]]] = [
    ("cuda_image", {"name": "needy", "wheels": NEEDY}),
    ("cuda_image", {"name": "twins", "wheels": TWINS}),
    ("cuda_image", {"name": "twins_refused", "wheels": TWINS, "duplicate_libraries": "error"}),
    ("cuda_image", {"name": "hinted", "wheels": TWINS, "hints": ["hints.json"]}),
    ("venv_layers", {"name": "free", "wheels": NEEDY}),
    ("venv_layers", {"name": "held", "wheels": NEEDY}),
    ("venv_layers", {"name": "spared", "wheels": NEEDY, "hints": ["plugins.json"]}),
]
PLUGINS = """{"version": 1,
 "plugins": [{"distribution": "needy", "files": ["needy/native.so"], "why": "is only for threads"}]}"""
LISTED = """{"version": 1, "suite": "bookworm",
 "packages": {"amd64": {"libgomp1": {"by": ["needy"], "sonames": ["libgomp.so.1"]}}}}"""
HELD = '{"version": 1, "suite": "bookworm", "packages": {"amd64": {}}}\n'


def build_file(more: Mapping[str, dict[str, object]] | None = None) -> str:
    """A BUILD file with the targets; `more` are further attributes by name of the target."""
    text = 'load("//images:defs.bzl", "cuda_image")\nload("//venv:defs.bzl", "venv_layers")\n'
    for macro, own in TARGETS:
        attributes = (
            own | {"architectures": ["amd64"], "python": "3.11"} | (more or {}).get(str(own["name"]), {})
        )
        text += f"{macro}({', '.join(f'{name} = {value!r}' for name, value in attributes.items())})\n"
    return text


class Nested:
    """The workspace with a package of a user's."""

    def __init__(self, bazel: NestedBazel) -> None:
        self.bazel = bazel
        self.app = app = bazel.own / "app"
        app.mkdir()
        for wheel in WHEELS:
            wheel.write(app)
        (app / "BUILD.bazel").write_text(build_file())
        (app / "held.pkgdeps.json").write_text(HELD)
        (app / "spared.pkgdeps.json").write_text(LISTED)
        (app / "plugins.json").write_text(PLUGINS)
        (app / "hints.json").write_text('{"version": 1, "opens": [')

    def add(self, name: str, said: str) -> None:
        """Adds to MODULE.bazel and to a target what its user is told to add."""
        told = [line.strip() for line in said.splitlines() if line.startswith("    ")]
        module = self.bazel.root / "MODULE.bazel"
        text = module.read_text()
        module.unlink()  # a link
        lines = [line for line in told if line.endswith(")")]
        module.write_text("\n".join([text, *lines, ""]))
        ((attribute, value),) = (line.rstrip(",").split(" = ") for line in told if line.endswith(","))
        (self.app / "BUILD.bazel").write_text(build_file({name: {attribute: value.strip('"')}}))

    def run(self, *arguments: str) -> CompletedProcess[str]:
        """Runs Bazel with the caller's mirrors."""
        wanted = ("APT_", "PIP_", "HTTP", "NO_PROXY", "SSL_")
        return self.bazel.bazel(
            *arguments,
            env={key: value for key, value in os.environ.items() if key.upper().startswith(wanted)},
        )

    def builds(self, target: str) -> None:
        """Builds a target."""
        done = self.run("build", f"{APP}:{target}")
        assert done.returncode == 0, done.stderr

    def fails(self, target: str) -> str:
        """What Bazel says of a target that is refused."""
        done = self.run("build", f"{APP}:{target}")
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture(scope="module", name="nested")
def _nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    bazel = NestedBazel(tmp_path_factory.mktemp("nested"), "tests/closure", caches())
    try:
        yield Nested(bazel)
    finally:
        bazel.bazel("shutdown")


def needed(name: str) -> str:
    return f"Update it and the lock of the packages: ./bazelw run {APP}:{name}_pkgdeps"


def test_an_image_that_lacks_a_package_is_refused_and_explained(nested: Nested) -> None:
    said = nested.fails("needy")
    assert f"error: {APP}:needy (amd64): there is no list of the packages that the environment needs:" in said
    assert "libgomp1" in said
    assert needed("needy") in said
    done = nested.run("run", f"{APP}:needy_why", "--", "libgomp1")
    assert done.returncode == 0, done.stderr
    assert "needy/native.so" in done.stdout


def test_a_library_that_is_there_twice_may_be_refused(nested: Nested) -> None:
    nested.builds("twins")
    said = nested.fails("twins_refused")
    assert f"error: {APP}:twins_refused (amd64): libtwin.so.1 is there 2 times, " in said
    assert 'Leave one of the distributions out, or duplicate_libraries = "error" away.' in said


def test_hints_that_cannot_be_read_are_named(nested: Nested) -> None:
    said = nested.fails("hinted")
    assert "error: tests/closure/app/hints.json: is not JSON: " in said
    assert "tools/lib_closure/hints.py says what the file may have." in said


def test_an_environment_with_a_list_of_packages_is_held_against_it(nested: Nested) -> None:
    said = nested.fails("held")
    assert "held.pkgdeps.json is not the list of the packages that the environment needs:" in said
    assert needed("held") in said
    nested.builds("held_amd64")
    nested.builds("free")


def test_a_list_with_more_than_is_needed_is_refused(nested: Nested) -> None:
    """It was right until the hint said that the file may do without its library."""
    said = nested.fails("spared")
    assert "spared.pkgdeps.json is not the list of the packages that the environment needs:" in said
    assert "    - libgomp1: libgomp.so.1 for needy" in said
    assert needed("spared") in said


def test_the_command_that_is_named_makes_the_image_whole(nested: Nested) -> None:
    """With the real apt and archive; it is the last test, for it changes the module."""
    command = ("run", f"{APP}:needy_pkgdeps", "--")
    assert nested.run(*command, "--check").returncode == 1
    done = nested.run(*command)
    assert done.returncode == 0, done.stderr
    nested.add("needy", done.stdout)
    nested.builds("needy")
    done = nested.run("test", f"{APP}:needy_link_test")
    assert done.returncode == 0, done.stdout
    assert nested.run(*command, "--check").returncode == 0
    done = nested.run("run", f"{APP}:needy_why", "--", "libgomp1")
    assert "libgomp1 12" in done.stdout
