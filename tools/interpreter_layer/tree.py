"""The files of an interpreter by their paths, checked to be the interpreter that was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError, raise_all
from tools.elf_scan import elf
from tools.elf_scan.elf import Elf, ElfError, NotElfError
from tools.layer.tar import bad_path

_PREFIX = re.compile(rb"""['"]prefix['"]: ['"](/[\w./+-]+)['"]""")
MACHINES = {"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}


@dataclass(frozen=True)
class Tree:
    """Paths below the interpreter's root, such as bin/python3.12, and the files with their content."""

    root: str
    arch: str
    files: dict[str, Path]

    def facts(self, path: str) -> Elf | None:
        """What an ELF file says of itself; None for any other file. One for another machine is an error."""
        try:
            facts = elf.read_path(self.files[path])
        except NotElfError:
            return None
        except ElfError as error:
            raise ToolError(f"{path}: {error}", file=self.root) from error
        if facts.machine != MACHINES[self.arch]:
            raise ToolError(
                f"{path}: not for {self.arch}",
                file=self.root,
                remedy="The toolchain's target_compatible_with names another CPU than the interpreter's.",
            )
        return facts

    def built(self, python: str) -> str:
        """The folder that the interpreter was built for, as its sysconfig says: no folder of an image."""
        for path in sorted(self.files):
            named = path.startswith(f"lib/python{python}/_sysconfigdata")
            if named and (found := _PREFIX.search(self.files[path].read_bytes())):
                return found[1].decode()
        raise ToolError(f"no prefix in lib/python{python}/_sysconfigdata*.py", file=self.root)


def read_tree(root: str, names: Sequence[str], python: str, arch: str) -> Tree:
    """Sorts files below `root` by their paths and looks for the interpreter among them."""
    prefix = root.rstrip("/") + "/"
    errors = []
    files = {}
    for name in names:
        path = name.removeprefix(prefix)
        if path == name or bad_path(path):
            errors.append(ToolError(f"{name} is not below the interpreter's folder", file=root))
        else:
            files[path] = Path(name)
    raise_all(errors)
    tree = Tree(root, arch, files)
    program = f"bin/python{python}"
    if program not in files or tree.facts(program) is None:
        raise ToolError(
            f"no program {program}",
            file=root,
            remedy=f"The runtime's version says {python}; its files are another Python, or not all of one.",
        )
    return tree
