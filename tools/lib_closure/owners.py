"""Whom files of an image belong to: distributions of the environment, Debian packages, or just a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.common.names import canonical
from tools.elf_scan.facts import Libraries
from tools.elf_scan.stacked import StackedLibraries
from tools.lib_closure.closure import APT, BASE, WHEEL


@dataclass(frozen=True)
class Owner:
    """A distribution, a package or a layer; `status` is what an edge to it is."""

    name: str
    version: str
    status: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


class Owners:
    """Knows whom the files of a stack belong to."""

    def __init__(
        self, stack: StackedLibraries, wheels: Sequence[Libraries], added: Sequence[Libraries]
    ) -> None:
        self._stack = stack
        self._known: dict[tuple[str, str], Owner] = {}
        self._wheels = {id(wheel): distribution_of(wheel.source) for wheel in wheels}
        self._added = {id(layer) for layer in added}
        self._distributions = {owner.name: owner for owner in self._wheels.values()}
        self._packages = {
            package: Owner(package, stack.version(package), APT)
            for layer in added
            for package in layer.owners.values()
        }

    def of(self, real: str, path: str = "") -> Owner:
        """Whom a file belongs to.

        Args:
            real: where it is.
            path: how the loader got there; a package may own the link.
        """
        key = real, path
        if key not in self._known:
            self._known[key] = self._look_up(real, path)
        return self._known[key]

    def _look_up(self, real: str, path: str) -> Owner:
        layer = self._stack.layer(real)
        if id(layer) in self._wheels:
            return self._wheels[id(layer)]
        package = self._stack.owner(real, *([path] if path else []))
        status = APT if id(layer) in self._added else BASE
        if package is None:
            return Owner(_layer_name(layer.source), "", status)
        return Owner(package, self._stack.version(package), status)

    def distribution(self, name: str) -> Owner | None:
        """A distribution of the environment, by its normalised name."""
        return self._distributions.get(name)

    def package(self, name: str) -> Owner | None:
        """A package that was added."""
        return self._packages.get(name)


def distribution_of(wheel: str) -> Owner:
    """The distribution of a wheel, by the wheel's name."""
    name, _, rest = wheel.partition("-")
    return Owner(canonical(name), rest.partition("-")[0], WHEEL)


def _layer_name(source: str) -> str:
    """`cuda12_cudart_amd64` of the layer's file."""
    return source.rpartition("/")[2].removesuffix(".gz").removesuffix(".zst").removesuffix(".tar")
