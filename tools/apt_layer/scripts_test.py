"""Packages that no policy knows: alternatives are carried out, and what is not clear ends the build."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.apt_layer.maker import Maker
from tools.deb_part.debs import Built, Content

# As Debian's libblas3, libopenblas0-pthread and openmpi-bin have them.
BLAS = "/usr/lib/x86_64-linux-gnu"
REFERENCE = f"""\
#!/bin/sh

set -e

update-alternatives --install {BLAS}/libblas.so.3 \\
                    libblas.so.3-x86_64-linux-gnu {BLAS}/blas/libblas.so.3 10


exit 0
"""
FAST = f"""\
#!/bin/sh
set -e
DIR={BLAS}
update-alternatives --install $DIR/libblas.so.3 libblas.so.3-x86_64-linux-gnu $DIR/fast/libblas.so.3 100 \\
    --slave /usr/bin/blas blas /usr/bin/blas.fast \\
    --slave /usr/share/man/man1/blas.1 blas.1 /usr/share/man/man1/blas.fast.1
"""
CHANGE = (
    '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n  adduser --system one\n  mkdir /var/lib/one\nfi\n'
)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def one(make: Maker, text: str = CHANGE, script: str = "postinst") -> Built:
    return make.deb("one", Content(files={"usr/bin/one": ""}, scripts={script: text}))


def policy(folder: Path, packages: Any) -> Path:
    path = folder / "scripts.json"
    path.write_text(json.dumps({"version": 1, "packages": packages}))
    return path


@pytest.mark.parametrize("layers", [1, 2])
def test_alternatives_are_those_that_the_real_scripts_install(
    make: Maker, tmp_path: Path, layers: int
) -> None:
    contents = {
        "libblas3": Content(files={f"{BLAS[1:]}/blas/libblas.so.3": "slow"}, scripts={"postinst": REFERENCE}),
        "fast": Content(
            files={f"{BLAS[1:]}/fast/libblas.so.3": "fast", "usr/bin/blas.fast": ""},
            scripts={"postinst": FAST},
        ),
    }
    slow, fast = (make.deb(name, content) for name, content in contents.items())
    below = make.layer(slow) if layers == 2 else None
    made = [
        each for each in (below, make.layer(fast, base=below) if below else make.layer(slow, fast)) if each
    ]
    links: dict[str, str] = {}
    for layer in made:
        with tarfile.open(layer.layer) as archive:
            links |= {member.name: member.linkname for member in archive if member.issym()}
    root = tmp_path / "root"
    for folder in ("etc/alternatives", "var/lib/dpkg/alternatives"):
        (root / folder).mkdir(parents=True)
    for content in contents.values():
        for path, text in content.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        _run(content.scripts["postinst"], root, tmp_path)
    written = (root / "var/lib/dpkg/alternatives/libblas.so.3-x86_64-linux-gnu").read_text()
    assert made[-1].text("var/lib/dpkg/alternatives/libblas.so.3-x86_64-linux-gnu") == written
    theirs = {
        str(path.relative_to(root)): str(path.readlink()) for path in root.rglob("*") if path.is_symlink()
    }
    assert {name: target for name, target in links.items() if name not in ("bin", "lib")} == theirs
    assert links["etc/alternatives/libblas.so.3-x86_64-linux-gnu"] == f"{BLAS}/fast/libblas.so.3"


def _run(script: str, root: Path, folder: Path) -> None:
    """Runs a script with the real update-alternatives, which works in `root`."""
    program = folder / "bin/update-alternatives"
    program.parent.mkdir(exist_ok=True)
    options = f"--root {root} --log /dev/null"
    program.write_text(f'#!/bin/sh\nexec /usr/bin/update-alternatives {options} "$@"\n')
    program.chmod(0o755)
    env = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    subprocess.run(["sh", "-s", "configure", ""], input=script, env=env, check=True, text=True)


def test_what_nobody_knows_is_an_error_that_names_it(make: Maker) -> None:
    assert make.error(one(make)) == (
        "error: one 1.0 has maintainer scripts that would change the image:\n"
        "    postinst:4: adduser --system one\n"
        "    postinst:5: mkdir /var/lib/one\n"
        "  No maintainer script is run when a layer is made. Read them (dpkg-deb -e), and say what they\n"
        '  would do in a file like //apt/policy:scripts.json: apt.lock(scripts = ["//:scripts.json"]).\n'
        "  If that may be left out, say why:\n"
        '  {"version": 1, "packages": {"one": [{"nothing": "what they do", "why": "..."}]}}\n'
    )


def test_only_the_first_lines_are_shown(make: Maker) -> None:
    text = "#!/bin/sh\n" + "".join(f"touch /etc/{number}\n" for number in range(9))
    error = make.error(one(make, text))
    assert "postinst:6: touch /etc/4\n    and 4 more\n" in error
    assert "/etc/5" not in error


@pytest.mark.parametrize(
    ("script", "head"), [("preinst", "upgrade"), ("config", "reconfigure"), ("postinst", "abort-upgrade")]
)
def test_scripts_run_as_for_a_new_package(make: Maker, script: str, head: str) -> None:
    text = '#!/bin/sh\nif [ "$1" = %s ]; then touch /etc/x; fi\n'
    make.layer(one(make, text % head, script))
    first = "install" if script == "preinst" else "configure"
    other = Maker(make.folder / "other")
    other.folder.mkdir()
    assert f"{script}:2: if [" in other.error(one(other, text % first, script))


def test_scripts_of_a_removal_do_not_matter(make: Maker) -> None:
    make.layer(make.deb("one", Content(scripts={"prerm": CHANGE, "postrm": CHANGE})))


def test_what_a_trigger_would_do_counts(make: Maker) -> None:
    text = '#!/bin/sh\n[ "$1" = triggered ] || exit 0\nupdate-cache\n'
    plain = make.deb("plain", Content(scripts={"postinst": text}))
    make.layer(plain)
    scripts = {"postinst": text, "triggers": "interest-noawait /usr/share/x\n"}
    assert "postinst:3: update-cache" in make.error(make.deb("one", Content(scripts=scripts)))


def test_a_program_as_a_script_is_named(make: Maker) -> None:
    text = "#!/usr/bin/perl -w\nexit 0;\n"
    assert "postinst:1: #!/usr/bin/perl -w" in make.error(one(make, text))


def test_the_layer_and_the_base_answer_what_scripts_ask(make: Maker) -> None:
    ask = "#!/bin/sh\n[ -e /usr/share/there ] || touch /usr/share/there\n[ -d /usr/lib/dir ] || touch /x\n"
    ask += "! command -v absent || absent\n[ ! -e /etc/made ] || exit 0\ntouch /etc/made\n"
    asks = make.deb("one", Content(scripts={"postinst": ask}))
    files = Content(files={"usr/share/there": "", "lib/dir/x": ""})
    effects = {"there": [{"file": "etc/made", "why": "w"}]}
    there = make.deb("there", files)
    make.layer(asks, there, policy=effects)
    make.layer(asks, base=make.layer(there, policy=effects))
    error = make.error(asks)
    assert [line.split(":")[1] for line in error.splitlines() if line.startswith("    ")] == ["2", "3", "6"]


def test_before_a_package_is_unpacked_its_files_may_be_missing(make: Maker) -> None:
    ask = "#!/bin/sh\n[ -e /usr/bin/one ] || touch /usr/bin/x\n"
    assert "preinst:2: [ -e /usr/bin/one ]" in make.error(one(make, ask, "preinst"))


def test_a_file_of_ones_own_explains(make: Maker, tmp_path: Path) -> None:
    effects = [
        {"nothing": "adds a user", "why": "nobody logs in"},
        {"dir": "var/lib/one", "why": "postinst makes it"},
    ]
    assert "var/lib/one" in make.layer(one(make), scripts=[policy(tmp_path, {"one": effects})]).names()


def test_a_file_of_ones_own_knows_better(make: Maker, tmp_path: Path) -> None:
    ours, theirs = ([{"file": f"etc/{name}", "why": "w"}] for name in ("ours", "theirs"))
    layer = make.layer(one(make), policy={"one": ours}, scripts=[policy(tmp_path, {"one": theirs})])
    assert {"etc/ours", "etc/theirs"} & set(layer.names()) == {"etc/theirs"}


def test_a_policy_keeps_scripts_from_being_read(make: Maker) -> None:
    elsewhere = [{"file": "etc/x", "suites": ["trixie"], "why": "w"}]
    make.layer(one(make), policy={"one": elsewhere})


def test_no_effects_need_a_reason(make: Maker, tmp_path: Path) -> None:
    path = policy(tmp_path, {"one": []})
    assert f"{path}: one has no effects and no reason for that" in make.error(one(make), scripts=[path])
    path = policy(tmp_path, {"one": [{"nothing": "x"}]})
    assert f"{path}: one has an effect without a reason" in make.error(
        one(Maker(_folder(tmp_path))), scripts=[path]
    )


def _folder(path: Path) -> Path:
    folder = path / "more"
    folder.mkdir()
    return folder
