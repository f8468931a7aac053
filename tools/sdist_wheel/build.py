"""Builds a wheel in an image's root with bubblewrap: without network, root, or anything of this machine.

The root is unpacked for this build and read-only to it. The build works in /build, where the project, the
backend's wheels and the order for inside_image.py are, as a user of its own, in an environment that is the
same everywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import ToolError
from tools.common.names import canonical
from tools.image_run.account import Account
from tools.image_run.host import find_bwrap, probe
from tools.image_run.layout import Image, open_image
from tools.image_run.sandbox import Bind, Host, Program, View, arguments
from tools.image_run.scoped import read_text, resolve
from tools.image_run.store import temporary_folder
from tools.image_run.unpack import unpack as unpack_image
from tools.sdist_wheel import binfmt, emulation, failure
from tools.sdist_wheel.order import BUILD, EPOCH, Order
from tools.sdist_wheel.source import build_system, missing, unpack

_USER = Account(1000, 1000, f"{BUILD}/home")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_INSIDE = ("hooks.py", "inside_image.py", "sorted_listings.py")


def build(order: Order, bwrap: str, scratch: Path, out: Path) -> None:
    """Builds the wheel and puts it at `out`.

    Args:
        order: what to build.
        bwrap: path of bubblewrap.
        scratch: folder with room for the image's root; nothing stays there.
        out: where the wheel goes.
    """
    os.umask(0o022)
    image = _image(order)
    with temporary_folder(None, "sdist-") as folder:  # the kernel wants the emulator's path to be short
        host = _host(order, bwrap, folder)
    with temporary_folder(scratch, ".sdist-") as folder:
        place = folder / "build"
        _prepare(order, place)
        root = folder / "root"
        unpack_image(image, root)
        _add_to(root)
        if host.owners:
            _give_away(place)
        _run(order, root, place, host, folder / "log")
        wheel = _only_wheel(order, place / "out")
        failure.check(order, wheel)
        shutil.copyfile(wheel, out)


def _only_wheel(order: Order, folder: Path) -> Path:
    """What the build made. A link may lead to a file of this machine, so none is followed."""
    made = sorted(folder.iterdir())
    if len(made) == 1 and made[0].is_file() and not made[0].is_symlink():
        return made[0]
    raise failure.not_one_wheel(order, [path.name for path in made])


def _image(order: Order) -> Image:
    image = open_image(order.layout)
    if image.config.platform != f"linux/{order.target.arch}":
        raise ToolError(
            f"build_root {order.image} is for {image.config.platform}, the wheel is for {order.target}",
            file=order.sdist,
            remedy="Name the image for the wheel's architecture.",
        )
    return image


def _host(order: Order, bwrap: str, folder: Path) -> Host:
    """What this machine can do, if that is enough; an emulator may lend a hand."""
    arch = order.target.arch
    try:
        host = probe(find_bwrap(bwrap))
        if emulation.starts(arch, host):
            return host
        refused = ""
        if order.emulator:
            try:
                binfmt.register(binfmt.take_out(order.emulator, arch, folder), arch)
            except OSError as error:
                refused = f", and lets none but root change that ({error.filename}: {error.strerror})"
            host = probe(find_bwrap(bwrap))
            if not refused and emulation.starts(arch, host):
                return host
    except ToolError as error:
        raise failure.cannot_run(order, error.problem, error.remedy or "") from error
    raise failure.cannot_run(
        order,
        f"this machine starts no programs for linux/{arch}{refused}",
        "With Linux 6.7 or later it would, or where an emulator is registered, as root:\n"
        "apt-get install qemu-user-binfmt (qemu-user-static before Debian 13).",
    )


def _prepare(order: Order, place: Path) -> None:
    """Fills the folder that is /build in the image."""
    for name in ("home", "made", "out", "tmp", "tool", "wheels"):
        (place / name).mkdir(parents=True)
    for name in _INSIDE:
        shutil.copyfile(Path(__file__).with_name(name), place / "tool" / name)
    for wheel in order.wheels:
        shutil.copyfile(wheel, place / "wheels" / wheel.name)
    (place / "source").mkdir()
    project = unpack(order.sdist, place / "source", EPOCH)
    system = build_system(order.sdist, project)
    if absent := missing(system.requires, order.given):
        raise failure.not_given(order, absent)
    document = {
        "absent": f"{BUILD}/absent.json",
        "backend": system.backend,
        "backend_path": system.backend_path,
        "config_settings": dict(order.settings),
        "env": f"{BUILD}/env",
        "given": [canonical(name) for name in order.given],
        "made": f"{BUILD}/made",
        "out": f"{BUILD}/out",
        "project": f"{BUILD}/source/{project.name}",
        "wheels": [f"{BUILD}/wheels/{wheel.name}" for wheel in order.wheels],
    }
    (place / "order.json").write_text(json.dumps(document), encoding="utf-8")


def _add_to(root: Path) -> None:
    """Gives the root what a runtime gives it: a place for the build, its user, names of this machine."""
    (root / BUILD.lstrip("/")).mkdir(exist_ok=True)
    etc = Path(resolve(str(root), "etc", create=True) or root)
    users = read_text(str(root), "etc/passwd")
    added = {
        "hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
        "passwd": f"{users}build:x:{_USER.uid}:{_USER.gid}::{_USER.home}:/bin/sh\n",
    }
    for name, text in added.items():
        (etc / name).unlink(missing_ok=True)
        (etc / name).write_text(text, encoding="utf-8")


def _give_away(place: Path) -> None:
    """Where owners are real, the build's files are its user's."""
    for base, folders, files in os.walk(place):
        for name in (".", *folders, *files):
            os.chown(os.path.join(base, name), _USER.uid, _USER.gid, follow_symlinks=False)


def environment(order: Order) -> dict[str, str]:
    """The build's variables; the user's own are the last word."""
    return {
        "HOME": _USER.home,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "LOGNAME": "build",
        "PATH": f"{BUILD}/env/bin:{_PATH}",
        "PIP_NO_INDEX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "TMPDIR": f"{BUILD}/tmp",
        "TZ": "UTC",
        "USER": "build",
        **order.env,
    }


def _run(order: Order, root: Path, place: Path, host: Host, log: Path) -> None:
    program = Program(
        root=root.resolve(),
        command=(f"python{order.target.python}", f"{BUILD}/tool/inside_image.py", f"{BUILD}/order.json"),
        env=environment(order),
        workdir=BUILD,
        account=_USER,
        view=View.READ_ONLY,
        binds=(Bind(place, BUILD),),
        hostname="build",
    )
    code = _logged(arguments(program, host), log)
    if code:
        if absent := _absent(place / "absent.json"):
            raise failure.not_given(order, absent)
        raise failure.explain(order, code, log.read_text(encoding="utf-8", errors="replace"))


def _absent(file: Path) -> list[str]:
    """What hooks.py has found to be missing; nothing if it is not from there."""
    if file.is_symlink() or not file.is_file():
        return []
    with contextlib.suppress(ValueError):
        names = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(names, list):
            return [name for name in names if isinstance(name, str)]
    return []


def _logged(line: Sequence[str], log: Path) -> int:
    with log.open("wb") as out:
        return subprocess.run(
            line, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False
        ).returncode
