"""Byte code that images' own Pythons compile: always the same bytes, and the code that py_compile makes."""

from __future__ import annotations

import io
import os
import random
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.byte_code.compiler import Compiler, Sources, cached, interpreter
from tools.common.errors import ToolError
from tools.testing.tiny_wheel import TinyWheel
from tools.venv_part.__main__ import main as venv_part
from tools.venv_part.facts import read_facts
from tools.venv_part.libraries import Looker
from tools.venv_part.part import Compiling, write_part
from tools.venv_part.place import Venv

ROOTS = {Path(root).name: Path(root).absolute() for root in os.environ["COMPILERS"].split()}

ODD: dict[str, bytes] = {
    "empty": b"",
    "plain": b'"""Doc."""\nimport os\n\n\ndef f(x: int = 1):\n    return x + len({"a", "b"})\n',
    "no end of line": b"x = 1",
    "dos": b"x = 1\r\ny = '''\r\n'''\r\n",
    "bom": b"\xef\xbb\xbfx = '\xc3\xa9'\n",
    "bom and cookie": b"\xef\xbb\xbf# coding: latin-1\n",
    "utf-8": "x = 'é日本'\n".encode(),
    "not utf-8": b"x = '\xe9'\n",
    "latin-1": b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
    "latin-1 in line two": b"#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\nx = '\xe9'\n",
    "utf-16": "x = 1\n".encode("utf-16"),
    "a codec that is a library": "# coding: shift_jis\nx = '日本'\n".encode("shift_jis"),
    "no such coding": b"# coding: nonsense\n",
    "coding that is no text": b"# coding: rot13\nk = 1\n",
    "python 2": b"print 'x'\n",
    "python 2 except": b"try: pass\nexcept E, e: pass\n",
    "template": b"{{ cookiecutter }} = {%\n",
    "null": b"x = 1\0\n",
    "null at the end": b"x = 1\n\0",
    "control": b"x = 1\x0c\ny = 2\x1a\n",
    "bad indent": b"if 1:\n\tx = 1\n        y = 2\n  z = 3\n",
    "tabs": b"if 1:\n\tx = 1\n\ty = 2\n",
    "nested brackets": b"x = " + b"(" * 150 + b"1" + b")" * 150 + b"\n",
    "too many brackets": b"x = " + b"[" * 500 + b"]" * 500 + b"\n",
    "long sum": b"x = " + b"+".join([b"y"] * 400) + b"\n",
    "many unary": b"x = " + b"-" * 900 + b"1\n",
    "many ifs": b"".join(b" " * level + b"if 1:\n" for level in range(99)) + b" " * 99 + b"x = 1\n",
    "too many ifs": b"".join(b" " * level + b"if 1:\n" for level in range(101)) + b" " * 101 + b"x = 1\n",
    "too many blocks": b"".join(b" " * level + b"while 1:\n" for level in range(30)) + b" " * 30 + b"x = 1\n",
    "escapes": b"x = '\\d'\nassert (1, 'always')\ny = 1 is 1\nz = 0in []\n",
    "surrogates": b"x = '\\ud800'\n",
    "named": b"x = '\\N{BULLET}'\n",
    "large number": b"x = " + b"9" * 5000 + b"\n",
    "return outside": b"return 1\n",
    "await": b"async def f():\n    await g()\n    return [x async for x in y]\nawait z\n",
    "walrus": b"if (n := 10) > 5: print(f'{n=}')\n",
    "match": b"match x:\n    case {'a': 1}: pass\n",
    "star": b"def f():\n    try: ...\n    except* ValueError: ...\n",
    "generic": b"def f[T](x: T) -> T: return x\ntype A = int\n",
    "nested f": b"x = f'{f\"{1}\"}' + f'{'a'}'\n",
    "future": b"from __future__ import annotations\nx: y\n",
    "barry": b"from __future__ import barry_as_FLUFL\nx <> y\n",
    "no such future": b"from __future__ import braces\n",
    "lone lambda": b"x = lambda: (yield)\n",
}

# Run by the Python that compiles; py_compile writes what it can, and what it can't is an exception of it.
_COMPARE = """\
import marshal, os, py_compile, sys, warnings
import _imp, importlib.util
warnings.simplefilter("ignore")
folder = sys.argv[1]
count = 0
for name in sorted(os.listdir(folder + "/source")):
    source, theirs = folder + "/source/" + name, folder + "/theirs"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    data = open(source, "rb").read()
    try:
        py_compile.compile(source, theirs, "/image/" + name, doraise=True, invalidation_mode=mode)
        code = open(theirs, "rb").read()
    except Exception as error:
        code = None
    try:
        ours = open(folder + "/ours/" + name, "rb").read()
    except FileNotFoundError:
        ours = None
    if (code is None) != (ours is None):
        sys.exit(f"{name}: compiled by one of the two only: {code is None}")
    if code:
        count += 1
        hashed = importlib.util.MAGIC_NUMBER + b"\\1\\0\\0\\0" + importlib.util.source_hash(data)
        if ours[:16] != hashed or code[:16] != hashed:
            sys.exit(f"{name}: {ours[:16]!r} is not {hashed!r}")
        if marshal.loads(ours[16:]) != marshal.loads(code[16:]):
            sys.exit(f"{name}: other code")
print(count)
"""


@pytest.fixture(name="root", params=sorted(ROOTS))
def _root(request: pytest.FixtureRequest) -> Path:
    return ROOTS[request.param]


def compiled(
    root: Path, scratch: Path, modules: Mapping[str, bytes], jobs: int | None = None
) -> dict[str, bytes]:
    scratch.mkdir()
    sources = Sources(scratch, "3.11")
    for name, data in modules.items():
        sources.begin(name)
        for start in range(0, len(data), 1000):
            sources.write(data[start : start + 1000])
    return {code.source: code.read() for code in Compiler(root).run(sources, scratch, jobs)}


def test_code_is_that_of_py_compile(root: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for folder in ("source", "ours"):
        (tmp_path / folder).mkdir()
    ours = compiled(root, tmp_path / "scratch", {f"/image/{name}": data for name, data in ODD.items()})
    assert capfd.readouterr() == ("", ""), "warnings are silent"
    for name, data in ODD.items():
        (tmp_path / "source" / name).write_bytes(data)
        if f"/image/{name}" in ours:
            (tmp_path / "ours" / name).write_bytes(ours[f"/image/{name}"])
    environment = {"PYTHONHOME": str(root)}
    command = [*interpreter(root), "-S", "-s", "-B", "-c", _COMPARE, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(ours) > 15
    assert len(ours) < len(ODD) - 10


def many() -> dict[str, bytes]:
    """Modules for several processes: small ones, and some that are a group of their own."""
    noise = random.Random(0)
    modules = dict(ODD)
    for number in range(250):
        words = [f"name_{noise.randrange(50)}" for _ in range(30)]
        lines = [
            f"def {word}({word}={number}): return '{word}', {{'{word}', '{words[0]}', 'b'}}\n"
            for word in words
        ]
        modules[f"m{number:03}"] = "".join(lines).encode() * (60 if number % 80 == 9 else 1)
    return modules


def test_bytes_depend_on_neither_jobs_nor_folders(root: Path, tmp_path: Path) -> None:
    modules = many()
    first = compiled(root, tmp_path / "one", modules, 1)
    assert len(first) > 250
    assert compiled(root, tmp_path / "two", modules, 2) == first
    (tmp_path / "much" / "deeper").mkdir(parents=True)
    assert compiled(root, tmp_path / "much" / "deeper" / "three", modules, 7) == first


def test_code_comes_in_the_order_of_its_paths(root: Path, tmp_path: Path) -> None:
    modules = {f"/i/{name}.py": b"x = 1\n" for name in ("a", "B/c", "a/B", "a/_", "b", "a/b/c", "Z")}
    found = [cached(source, "3.11") for source in compiled(root, tmp_path / "scratch", modules)]
    assert len(found) == len(modules)
    assert found == sorted(found)
    assert found != [cached(source, "3.11") for source in sorted(modules)]


def test_nobody_compiles_any_more_when_no_more_code_is_taken(root: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    sources = Sources(scratch, "3.11")
    for number in range(8):  # each more than a group
        sources.begin(f"{number}")
        sources.write(many()["m009"] * 10)
    codes = Compiler(root).run(sources, scratch, jobs=2)
    next(codes)
    codes.close()
    left = [link for link in Path("/proc").glob("[0-9]*/fd/*") if _leads_into(link, scratch)]
    assert not left


def _leads_into(link: Path, folder: Path) -> bool:
    try:
        return link.readlink().is_relative_to(folder)
    except OSError:
        return False


def test_nothing_to_compile_starts_no_process(tmp_path: Path) -> None:
    assert compiled(tmp_path / "none", tmp_path / "scratch", {}) == {}


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("kill -SEGV $$", "exit code -11"),
        ("exit 3", "exit code 3"),
        ("echo no memory >&2; exit 1", "no memory"),
    ],
)
def test_a_compiler_that_crashes_is_one_error_and_no_output(
    program: str, reason: str, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    for folder in ("bin", "loader", "lib"):
        (root / folder).mkdir(parents=True)
    (root / "bin" / "python3.11").touch()
    (root / "loader" / "ld.so").write_text(f"#!/bin/sh\n{program}\n")
    (root / "loader" / "ld.so").chmod(0o755)
    outputs = {name: tmp_path / name for name in ("part", "facts", "libraries", "byte-code")}
    wheel = TinyWheel("tiny").write(tmp_path)
    arguments = [f"--{name}={path}" for name, path in outputs.items()]
    with pytest.raises(ToolError) as caught:
        venv_part(["--prefix=/app", "--python=3.11", f"--compiler={root}", *arguments, str(wheel)])
    assert str(caught.value).startswith(f"error: {root}: the image's Python cannot compile: {reason}\n")
    assert sorted(tmp_path.iterdir()) == sorted([root, wheel])


def test_a_full_disk_is_one_error(root: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "0").symlink_to("/dev/full")
    sources = Sources(scratch, "3.11")
    sources.begin("a")
    sources.write(many()["m009"])
    with pytest.raises(ToolError, match=r"cannot compile.*\n.*Make room if memory or disk ran out"):
        list(Compiler(root).run(sources, scratch))


def test_a_part_has_the_code_of_its_modules(root: Path, tmp_path: Path) -> None:
    python = root.name.removeprefix("python").partition("_")[0]
    tag = f"cpython-{python.replace('.', '')}.pyc"
    site = f"app/lib/python{python}/site-packages"
    files = {
        "pkg/__init__.py": b"",
        "pkg/wrong.py": b"print 'x'\n",
        f"pkg/__pycache__/__init__.{tag}": b"stale",
        f"pkg/__pycache__/gone.{tag}": b"without its module",
        "blocked/a.py": b"",
        "blocked/__pycache__": b"a file where the folder would be",
    }
    outputs = {name: tmp_path / name for name in ("part", "facts", "libraries", "byte-code")}
    wheel = TinyWheel("tiny", files=files).write(tmp_path)
    arguments = [f"--{name}={path}" for name, path in outputs.items()]
    venv_part(["--prefix=/app", f"--python={python}", f"--compiler={root}", *arguments, str(wheel)])
    facts = read_facts(outputs["facts"])
    expected = {f"{site}/__pycache__/tiny.{tag}", f"{site}/pkg/__pycache__/__init__.{tag}"}
    assert facts.compiled.keys() == expected
    assert f"{site}/pkg/__pycache__/__init__.{tag}" not in facts.files
    assert f"{site}/pkg/__pycache__/gone.{tag}" in facts.files
    out, code = io.BytesIO(), io.BytesIO()
    (tmp_path / "scratch").mkdir()
    compiling = Compiling(Compiler(root), code, tmp_path / "scratch")
    again = write_part(wheel, Venv("/app", python), out, Looker(), compiling=compiling)
    assert (again, out.getvalue(), code.getvalue()) == (
        facts,
        outputs["part"].read_bytes(),
        outputs["byte-code"].read_bytes(),
    )
