"""What a command sees from inside the toolbox: the arguments of bubblewrap.

The root's own folders are read-only, the host's home folders, data and temporary folders are where they are,
and a few files of the host (names, certificates, pip's configuration) replace the root's. /proc is the
host's: were it mounted anew, Bazel's linux-sandbox could not mount its own.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
import shutil
from collections.abc import Mapping, Sequence

from tools.bazelw import aptsources, certs, jvm, pipconf, rootfs

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Top-level names that are the toolbox's, or nobody's business.
_NOT_BOUND = frozenset(
    "bin boot dev etc lib lib32 lib64 libx32 lost+found proc run sbin sys tmp usr var".split()
)
# Variables that would make the toolbox's programs load or start the host's.
_NOT_PASSED = re.compile(
    r"^(LD_|PYTHON|PERL5|GCONV_|LOCPATH$|JAVA|JDK_|_JAVA|BAZEL_SH$|BAZELW_|VIRTUAL_ENV$|(CC|CXX|CPP|LD|AR|AS|NM)$"
    r"|(CPATH|C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|LIBRARY_PATH|COMPILER_PATH|GCC_EXEC_PREFIX)$)"
)
_MAKE = ("--output_base", "--output_user_root")  # folders that Bazel makes, given as --option=folder


class View:
    """The mounts for one call; `data` holds files that exist only inside, by their path there."""

    def __init__(
        self, toolbox: str, workspace: str, cwd: str, args: Sequence[str], env: Mapping[str, str]
    ) -> None:
        root = os.path.join(toolbox, "root")
        extra = pipconf.host_paths(env)
        extra += pipconf.outermost([workspace, cwd, toolbox, *_named(args)])
        extra = [path for path in extra if _lacks(root, path)]
        self.mounts: list[str] = []
        for name in sorted(os.listdir(root)):
            if name in ("usr", "etc", "var") or os.path.islink(os.path.join(root, name)):
                self.mounts += _own(root, f"/{name}", extra)
        self.mounts += "--dev-bind /dev /dev --dev-bind /proc /proc --dev-bind /sys /sys".split()
        self.mounts += "--tmpfs /run --bind /tmp /tmp --bind /var/tmp /var/tmp".split()
        self.mounts += _host_folders()
        for name in ("resolv.conf", "hosts", "hostname"):
            source = os.path.realpath(f"/etc/{name}")
            if os.path.isfile(source):
                self.mounts += ["--ro-bind", source, f"/etc/{name}"]
        docker = shutil.which("docker", path=env.get("PATH"))
        if docker and os.path.exists(root + rootfs.DOCKER):
            self.mounts += ["--ro-bind", os.path.realpath(docker), rootfs.DOCKER]
        trusted = certs.folder(toolbox, env)
        if os.path.isdir(trusted):
            self.mounts += ["--ro-bind", trusted, certs.FOLDER]
        for path in extra:
            self.mounts += ["--bind", os.path.realpath(path), path]
        self.data = _data(root, workspace, _identity(toolbox, self.mounts))

    def arguments(self, descriptors: Mapping[str, int], cwd: str) -> list[str]:
        """Returns bubblewrap's options; `descriptors` are open files with the content of `data`."""
        result = [*self.mounts]
        for path, descriptor in descriptors.items():
            result += ["--ro-bind-data", str(descriptor), path]
        if os.geteuid() == 0:
            result += ["--cap-add", "ALL"]
        return [*result, "--die-with-parent", "--chdir", cwd]


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Returns the caller's environment without what belongs to the host's programs."""
    kept = {name: value for name, value in env.items() if not _NOT_PASSED.match(name)}
    source = aptsources.find()
    if source and not kept.get("APT_MIRROR"):  # the host's apt sources can't be seen from inside
        kept["APT_MIRROR"] = source.uri
        kept.setdefault("APT_SECURITY_MIRROR", source.security)
    return {**kept, "PATH": PATH, "SHELL": "/bin/bash", "BAZELW_INSIDE": "toolbox"}


def _own(root: str, path: str, extra: Sequence[str]) -> list[str]:
    """Mounts a path of the root; a folder that lacks a mount point is put together from its entries."""
    source = root + path
    if os.path.islink(source):
        return ["--symlink", os.readlink(source), path]
    inside = [other for other in extra if other.startswith(f"{path}/")]
    if not os.path.isdir(source) or all(os.path.exists(root + other) for other in inside):
        return ["--ro-bind", source, path]
    result = ["--dir", path]
    for name in sorted(os.listdir(source)):
        result += _own(root, f"{path}/{name}", inside)
    return result


def _host_folders() -> list[str]:
    result: list[str] = []
    for entry in sorted(os.scandir("/"), key=lambda entry: entry.name):
        if entry.name in _NOT_BOUND:
            continue
        if entry.is_symlink():
            result += ["--symlink", os.readlink(entry.path), entry.path]
        elif entry.is_dir():
            result += ["--bind", entry.path, entry.path]
    return result


def _lacks(root: str, path: str) -> bool:
    """Says whether a path of the host belongs into the view: nothing may hide what the toolbox has itself."""
    own = root + path
    if path in pipconf.ALWAYS or not os.path.exists(own):
        return not path.startswith(certs.FOLDER)
    return os.path.isdir(own) and not os.listdir(own)


def _named(args: Sequence[str]) -> list[str]:
    """Returns the absolute paths that options name, such as --output_base=/var/cache/bazel."""
    paths = []
    for arg in args:
        option, _, value = arg.partition("=")
        if option.startswith("--") and os.path.isabs(value):
            if option in _MAKE and not pipconf.visible(value):
                os.makedirs(value, exist_ok=True)
            paths.append(value.rstrip("/"))
    return paths


def _identity(toolbox: str, mounts: Sequence[str]) -> str:
    """A hash that changes when the toolbox or its mounts do.

    A Bazel server sees the mounts of the call that started it. The hash is one of its startup options, so
    that Bazel itself replaces a server that sees something else.
    """
    status = os.stat(os.path.join(toolbox, "root"))
    return hashlib.sha256(repr([status.st_ino, status.st_ctime_ns, *mounts]).encode()).hexdigest()[:16]


def _data(root: str, workspace: str, identity: str) -> dict[str, str]:
    data: dict[str, str] = {}
    rc = _text(os.path.join(root, "etc/bazel.bazelrc"))
    if rc:
        home = os.path.expanduser("~")  # Java takes it from /etc/passwd, Bazel and its options from Java
        options = [f"-Dbazelw.view={identity}", f"-Duser.home={home}", *jvm.options(root)]
        data["/etc/bazel.bazelrc"] = rc + "".join(
            f'startup "--host_jvm_args={option}"\n' for option in options
        )
        data[jvm.DIRECTIVES] = jvm.CONTENT
    uid, gid = os.getuid(), os.getgid()
    for path, number, line in (
        ("etc/passwd", uid, f"{_user(uid)}:x:{uid}:{gid}::{os.path.expanduser('~')}:/bin/bash\n"),
        ("etc/group", gid, f"{_user(uid)}:x:{gid}:\n"),
    ):
        text = _text(os.path.join(root, path))
        if text and not any(row.split(":")[2:3] == [str(number)] for row in text.splitlines()):
            data[f"/{path}"] = text + line
    return data


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return os.environ.get("USER") or f"user{uid}"
