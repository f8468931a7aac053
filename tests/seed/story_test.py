"""The seed's README, word for word: a Dockerfile that compiles in `buildtime` and ships on `runtime`.

Podman builds it with packages from the archive and the index, psycopg2 and mysqlclient are compiled from
source, and what comes out is started as a service would be: no root, no network, nothing to write to.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from python.runfiles import Runfiles

from tests.seed.podman import Podman
from tests.seed.surroundings import apt_volumes, pip_config, pip_volumes
from tools.image_run.unpack import can_set_owners
from tools.testing.debian_sources import mirrored

PYTHON, SUITE = os.environ["PYTHON_VERSION"], os.environ["SUITE"]
BUILDTIME, RUNTIME = f"localhost/buildtime:{PYTHON}", f"localhost/runtime:{PYTHON}"
APP = "/usr/share/python3/app"
SITE = f"{APP}/lib/python{PYTHON}/site-packages"

# Neither has a wheel for Linux. Their libraries are libpq5 and Debian's name for MariaDB's.
PACKAGES = "'ipython==8.18.1' 'mysqlclient==2.2.7' 'psycopg2==2.9.11'"
LIBRARIES = {"libpq5", "libmariadb3"}

BUILDER = f"""\
FROM {BUILDTIME} as builder
RUN python{PYTHON} -m venv {APP}

RUN {APP}/bin/pip install -U pip {PACKAGES}
RUN find-libdeps {APP} > {APP}/pkgdeps.txt

"""
SHIPPED = f"""\
FROM {RUNTIME}
COPY --from=builder {APP} {APP}
RUN xargs -ra {APP}/pkgdeps.txt apt-install
RUN ln -snf {APP}/bin/ipython /usr/bin/
CMD ["ipython"]
"""
# As the seed wrote it before.
OLDER = SHIPPED.replace(
    f"RUN xargs -ra {APP}/pkgdeps.txt apt-install", f"RUN cat {APP}/pkgdeps.txt | xargs apt-install"
)

# What a Dockerfile's steps change apart from the files of packages, with the reason.
CHANGED = {
    r"/usr/share/python3(/app(/.*)?)?": "the virtual environment",
    r"/usr/bin/ipython": "the link to it",
    r"/etc/alternatives/my\.cnf": "mysql-common's alternative",
    r"/etc/mysql/my\.cnf": "mysql-common's alternative",
    r"/etc/mysql/(mariadb|my)\.cnf(\.fallback)?": "what it can be",
    r"/var/lib/dpkg/alternatives/my\.cnf": "what update-alternatives knows of it",
    r"/var/lib/apt/extended_states": "which packages came as dependencies",
    r"/var/lib/dpkg/(status|info/[^/]*|triggers/[^/]*|lock|lock-frontend)": "dpkg's database",
    r"/var/cache/debconf/(config|passwords|templates)\.dat": "the questions of the packages that were added",
    r"/etc/ld\.so\.cache": "libraries were added",
}

_ALONE = ("--rm", "--pull=never", "--network=none")


def runfile(name: str) -> Path:
    """A file by the path in the runfiles tree that a variable holds."""
    runfiles = Runfiles.Create()
    assert runfiles is not None
    found = runfiles.Rlocation(os.environ[name])
    assert found is not None
    return Path(found)


@pytest.fixture(name="podman", scope="module")
def _podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    if not can_set_owners():
        pytest.skip("installing Debian packages into an image takes root, or a range of users of one's own")
    podman = Podman(tmp_path_factory.mktemp("seed") / "podman")
    try:
        podman.pull(runfile("BUILDTIME"), BUILDTIME)
        podman.pull(runfile("RUNTIME"), RUNTIME)
        yield podman
    finally:
        podman.close()


@pytest.fixture(name="volumes", scope="module")
def _volumes(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("surroundings")
    find = "find /etc/apt -name sources.list -o -name '*.sources'"
    archives = json.loads(runfile("MIRRORS").read_text())["archives"]
    sources = {
        path: mirrored(_in(podman, RUNTIME, f"cat {path}"), SUITE, archives)
        for path in _in(podman, RUNTIME, find).split()
    }
    assert sources
    mirrors = [urls[0] for urls in archives.values() if urls]
    return [*pip_volumes(pip_config(), folder), *apt_volumes(sources, mirrors, folder)]


@pytest.fixture(name="app", scope="module")
def _app(podman: Podman, volumes: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(podman, volumes, tmp_path_factory.mktemp("context"), "localhost/app", BUILDER + SHIPPED)


def build(podman: Podman, volumes: list[str], folder: Path, name: str, dockerfile: str) -> str:
    (folder / "Dockerfile").write_text(dockerfile)
    said = podman.ok("build", "--pull=never", "--network=host", *volumes, f"--tag={name}", str(folder))
    print(said)
    return name


def started(podman: Podman, image: str, *command: str) -> str:
    """The output of a program in a container as services run: no root, no network, nothing writable."""
    return podman.ok("run", *_ALONE, "--read-only", "--user=1000:1000", image, *command)


def _in(podman: Podman, image: str, script: str) -> str:
    """The output of a shell's script, as the image's own user."""
    return podman.ok("run", *_ALONE, image, "sh", "-ec", script)


def _packages(podman: Podman, image: str) -> dict[str, str]:
    shown = _in(podman, image, "dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n'")
    return dict(line.split() for line in shown.splitlines())


def _tree(podman: Podman, image: str) -> dict[str, str]:
    """Every path but what the engine mounts, with type, mode, owner, size and a link's target."""
    script = "find / -xdev -type f -printf '%p\\t%M %U:%G %s\\n' -o -printf '%p\\t%M %U:%G %l\\n'"
    lines = (line.split("\t") for line in _in(podman, image, script).splitlines())
    mounts = ("/dev", "/proc", "/sys", "/run", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
    return {path: shown for path, shown in lines if not path.startswith(mounts)}


def test_the_compiled_packages_need_packages_of_debian(podman: Podman, app: str) -> None:
    needed = set(started(podman, app, "cat", f"{APP}/pkgdeps.txt").split())
    assert needed >= {"libc6", *LIBRARIES}
    assert not any(name.endswith("-dev") for name in needed), "headers are for the builder alone"
    pattern = f"*.cpython-{PYTHON.replace('.', '')}-*.so"
    extensions = started(podman, app, "find", SITE, "-name", pattern).split()
    assert {Path(path).name.partition(".")[0] for path in extensions} >= {"_mysql", "_psycopg"}
    assert started(podman, app, "find", SITE, "-name", "*.libs") == "", "no wheel brought its own libraries"


def test_it_imports_with_no_rights_at_all(podman: Podman, app: str) -> None:
    code = "import MySQLdb, psycopg2; print(psycopg2.__libpq_version__, MySQLdb.get_client_info(), sep='\\n')"
    libpq, mariadb = started(podman, app, "ipython", "-c", code).split()
    versions = _in(podman, app, "dpkg-query -W -f '${Version}\\n' libmariadb3 libpq5").split()
    assert re.search(rf"^(\d+:)?{int(libpq) // 10000}\.{int(libpq) % 10000}\b", versions[1])
    assert re.search(r"^\d+\.\d+\.\d+$", mariadb)


def test_the_command_is_the_dockerfiles_and_the_rest_the_runtimes(podman: Podman, app: str) -> None:
    def config(image: str) -> dict[str, object]:
        (document,) = json.loads(podman.ok("image", "inspect", image))
        found: dict[str, object] = document["Config"]
        return found

    ours, base = config(app), config(RUNTIME)
    assert ours["Cmd"] == ["ipython"]
    assert ours["Env"] == base["Env"]


def test_debians_tools_find_the_image_whole(podman: Podman, app: str) -> None:
    before, after = _packages(podman, RUNTIME), _packages(podman, app)
    assert set(after.values()) == {"ii"}
    assert after.keys() - before.keys() >= LIBRARIES
    assert before.keys() <= after.keys()
    assert set(started(podman, app, "cat", f"{APP}/pkgdeps.txt").split()) <= after.keys()
    assert _in(podman, app, "dpkg --audit; apt-get -qq check") == ""


def test_nothing_is_left_but_the_packages_and_the_environment(podman: Podman, app: str) -> None:
    before, after = _tree(podman, RUNTIME), _tree(podman, app)
    new = sorted(_packages(podman, app).keys() - _packages(podman, RUNTIME).keys())
    owned = set(_in(podman, app, f"dpkg -L {' '.join(new)}").split("\n"))
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {path for path in changed - owned if not known(path)} == set()
    assert before.keys() <= after.keys()


def known(path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in CHANGED)


def test_the_older_spelling_of_the_seed_works_too(
    podman: Podman, volumes: list[str], app: str, tmp_path: Path
) -> None:
    older = build(podman, volumes, tmp_path, "localhost/older", BUILDER + OLDER)
    assert _packages(podman, older) == _packages(podman, app)
    started(podman, older, "ipython", "-c", "import MySQLdb, psycopg2")
