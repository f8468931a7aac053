"""Loads one image into one engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.image_run.layout import verified
from tools.load.archive import write
from tools.load.image import Loadable, load_from
from tools.load.options import Options
from tools.load.registry import Registry, serve
from tools.load.runtimes import Runtime, find

# Podman speaks TLS to 127.0.0.1 unless told otherwise; Docker does not.
_PULL = {"docker": ("pull",), "podman": ("pull", "--tls-verify=false")}
_QUIET = {False: (), True: ("--quiet",)}


def load_image(options: Options) -> int:
    """Loads, and says what was sent; the exit code is 0 when the engine has the image under all names."""
    image = load_from(options.layout, options.platform)
    runtime = find(options.runtime, options.target, options.shell)
    names = [runtime.full_name(tag) for tag in options.tags]
    sent = _pulled(runtime, image, names) if runtime.local else None
    if sent is None:
        sent = _archived(runtime, image, names)
    for name in names:
        _check(runtime, image, name)
    print(f"{runtime.name} has {', '.join(names)}: {image.platform}, {image.digest}; {sent}")
    return 0


def _pulled(runtime: Runtime, image: Loadable, names: Sequence[str]) -> str | None:
    """Has the engine pull from this program; None if it cannot."""
    with serve(image) as registry, _without(runtime, registry):
        if runtime.show(*_PULL[runtime.name], *_QUIET[not sys.stderr.isatty()], registry.name):
            how = "gave up" if registry.asked else "cannot reach 127.0.0.1 of this machine"
            print(f"{runtime.name} {how}; loading an archive instead", file=sys.stderr)
            return None
        _name(runtime, registry.name, names)
        total = len({layer.digest for layer in image.layers})
        layers = {layer.digest for layer in image.layers} & registry.sent
        return f"sent {len(layers)} of {total} layers, {_size(registry.bytes_sent)} of {_size(image.size)}"


@contextmanager
def _without(runtime: Runtime, registry: Registry) -> Iterator[None]:
    """Takes back the name that the image was pulled by, also after an interrupt."""
    try:
        yield
    finally:
        if runtime.name == "podman":
            runtime.run("untag", registry.name, registry.name)
        else:
            runtime.run("rmi", "--no-prune", registry.name)


def _archived(runtime: Runtime, image: Loadable, names: Sequence[str]) -> str:
    """Streams an archive to the engine, whole; not every engine checks what it gets, so that is done here."""
    for number, layer in enumerate(image.layers, 1):
        verified(image.layout, layer, f"layer {number} of {len(image.layers)}")
    command = [*runtime.command, "load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=2) as engine:
        stream = cast(BinaryIO, engine.stdin)
        try:
            write(image, names[0], stream, docker=runtime.name == "docker")
            stream.close()
        except BrokenPipeError:
            pass  # the engine has said why
    if engine.returncode:
        raise ToolError(
            f"{' '.join(command)} ended with exit code {engine.returncode}; what it says is above"
        )
    _name(runtime, names[0], names[1:])
    return f"sent all {len(image.layers)} layers as an archive, {_size(image.size)}"


def _name(runtime: Runtime, known: str, names: Sequence[str]) -> None:
    for name in names:
        done = runtime.run("tag", known, name)
        if done.returncode:
            raise ToolError(f"{runtime.name} cannot give the name {name}: {done.stderr.strip()}")


def _check(runtime: Runtime, image: Loadable, name: str) -> None:
    """Compares what the engine has under a name with what was built.

    Engines call an image by the digest of its config; Docker with containerd's store, of its manifest.
    """
    done = runtime.run("image", "inspect", "--format", "{{.Id}}", name)
    if done.returncode:
        raise ToolError(f"{runtime.name} does not have {name}: {done.stderr.strip()}")
    got = done.stdout.strip().removeprefix("sha256:")
    if got not in [digest.removeprefix("sha256:") for digest in (image.config.digest, image.digest)]:
        raise ToolError(
            f"{runtime.name} has another image as {name}\n"
            f"expected {image.config.digest}\n     got sha256:{got}",
            remedy="load it again; was something else loaded under that name at the same moment?",
        )


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.1f} GB"
