"""The compilers and tools of the layers for amd64, started: programs are compiled and run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from apt.tests.roots import Root, runfile_list

PYTHON = os.environ["PYTHON_VERSION"]
HELLO_C = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
HELLO_CXX = '#include <iostream>\nint main() { std::cout << "hello" << std::endl; }\n'
HELLO_RUST = 'fn main() { println!("hello"); }\n'
LIBRARIES = {
    "ffi.h": ("libffi", "ffi_get_struct_offsets"),
    "libpq-fe.h": ("libpq", "PQlibVersion"),
    "libxml/parser.h": ("libxml-2.0", "xmlInitParser"),
    "libxslt/xslt.h": ("libxslt", "xsltInit"),
    "mysql.h": ("mysqlclient", "mysql_get_client_info"),
    "openssl/ssl.h": ("openssl", "TLS_method"),
    "yaml.h": ("yaml-0.1", "yaml_get_version"),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    made = Root(tmp_path_factory.mktemp("root") / "tree")
    for layer in runfile_list("LAYERS"):
        made.add(layer)
    (made.path / "src").mkdir()
    return made


def shell(root: Root, script: str) -> str:
    return root.ok("sh", "-euc", f"export HOME=/tmp USER=me; cd /tmp; {script}")


def source(root: Root, name: str, text: str) -> str:
    Path(root.path, "src", name).write_text(text)
    return f"/src/{name}"


@pytest.mark.parametrize(
    ("compiler", "name", "text"),
    [
        ("cc", "hello.c", HELLO_C),
        ("gcc", "hello.c", HELLO_C),
        ("c89", "hello.c", HELLO_C),
        ("c99", "hello.c", HELLO_C),
        ("c++", "hello.cc", HELLO_CXX),
        ("g++", "hello.cc", HELLO_CXX),
        ("rustc", "hello.rs", HELLO_RUST),
    ],
)
def test_a_program_compiles_and_runs(root: Root, compiler: str, name: str, text: str) -> None:
    assert shell(root, f"{compiler} -o hello {source(root, name, text)}; ./hello") == "hello\n"


def test_cargo_makes_a_crate(root: Root) -> None:
    made = "cargo new --quiet --vcs none hello; cd hello; cargo run --quiet --offline"
    assert shell(root, made) == "Hello, world!\n"


def test_make_and_the_preprocessor_where_it_has_always_been(root: Root) -> None:
    text = "all:\n\t@echo MACRO | /lib/cpp -P -DMACRO=hello\n"
    assert shell(root, f"make -sf {source(root, 'Makefile', text)}") == "hello\n"


@pytest.mark.parametrize("header", LIBRARIES)
def test_libraries_are_found_by_pkg_config(root: Root, header: str) -> None:
    package, function = LIBRARIES[header]
    text = f"#include <stddef.h>\n#include <{header}>\nint main(void) {{ return &{function} == NULL; }}\n"
    path = source(root, "library.c", text)
    shell(root, f"cc -o library {path} $(pkg-config --cflags --libs {package}); ./library")


def test_git_commits(root: Root) -> None:
    script = "git init -q repository; cd repository; echo 1 > file; git add file; "
    script += "git -c user.name=me -c user.email=me@example.org commit -qm first; git log --format=%s"
    assert shell(root, script) == "first\n"


def test_a_virtual_environment_compiles_an_extension(root: Root) -> None:
    text = """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "hello", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_hello(void) { puts("hello"); return PyModule_Create(&module); }
"""
    path = source(root, "hello_module.c", text)
    script = f"python3 -m venv venv; venv/bin/pip --version >&2; cc -shared -fPIC -o hello.so {path} "
    script += f"$(python{PYTHON}-config --includes); venv/bin/python -c 'import hello'"
    assert shell(root, script) == "hello\n"


def test_liblzma_and_mysql_have_their_names(root: Root) -> None:
    assert shell(root, "echo hello | lzma | unlzma") == "hello\n"
    assert "[client-server]" in Path(root.path, "etc/mysql/mariadb.cnf").read_text()
    assert shell(root, "cat /etc/mysql/my.cnf") == Path(root.path, "etc/mysql/mariadb.cnf").read_text()
