"""JupyterLab in its image, run as strictly as may be: read-only, not root, no network but loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.image_run.layout import open_image

_LAYOUT = Path(os.environ["IMAGE"]).absolute()
_CONFIG = json.loads(open_image(_LAYOUT).config.text)["config"]

# The image's own command, and a program that talks to it when it listens.
_SERVE = """\
"$@" 2>/tmp/log &
wait-for-port --timeout 120 127.0.0.1:8888 && python -c "$TALK" || { cat /tmp/log; exit 1; }
"""

_FETCH = """
import json, urllib.error, urllib.request

def get(path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:8888{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
"""


_STRICT = ("--read-only", "--user", "1000:1000")


def _run(*command: str, options: Sequence[str] = _STRICT) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "tools.image_run", "--layout", str(_LAYOUT), *options, "--", *command]
    return subprocess.run(
        line, env=os.environ | {"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True
    )


def _talk(program: str, options: Sequence[str]) -> str:
    options = [*options, "--env", f"TALK={_FETCH}{program}", "--env", "JUPYTER_TOKEN=secret"]
    done = _run("sh", "-c", _SERVE, "sh", *_CONFIG["Cmd"], options=options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "options", [_STRICT, ("--read-only", "--user", "4321:0"), ("--user", "0:0")], ids=" ".join
)
def test_it_answers_on_its_port(options: Sequence[str]) -> None:
    said = _talk(
        """
status, text = get("/api")
print(status, json.loads(text)["version"].split(".")[0])
print(get("/api/contents")[0])
status, text = get("/lab", Authorization="token secret")
print(status, "<title>JupyterLab</title>" in text)
status, text = get("/api/kernelspecs", Authorization="token secret")
print(status, json.loads(text)["default"])
""",
        options,
    )
    assert said == "200 2\n403\n200 True\n200 python3\n"


def test_a_kernel_computes() -> None:
    program = """
import nbclient, nbformat
cell = nbformat.v4.new_code_cell("import ipywidgets; ipywidgets.IntSlider(value=6).value * 7")
notebook = nbformat.v4.new_notebook(cells=[cell])
nbclient.NotebookClient(notebook, timeout=120).execute()
print(cell.outputs[0]["data"]["text/plain"])
"""
    done = _run("python", "-c", program)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr


def test_a_user_without_a_name_may_keep_notebooks_at_home() -> None:
    done = _run("sh", "-c", "echo x > note.ipynb && stat -c %u $PWD/note.ipynb", options=["--user", "4321:0"])
    assert (done.returncode, done.stdout) == (0, "4321\n"), done.stderr


def test_the_port_is_exposed() -> None:
    assert list(_CONFIG["ExposedPorts"]) == ["8888/tcp"]


# All that can be imported by name. Python may write byte code, as it does unless the image's variable is set.
_IMPORT = """
import importlib, importlib.metadata, os, pathlib, sys, sysconfig
site = pathlib.Path(sysconfig.get_path("purelib"))
names = sorted({
    path.parts[0].split(".")[0]
    for distribution in importlib.metadata.distributions(path=[str(site)])
    for path in distribution.files or []
    if path.suffix in (".py", ".so") and not path.parts[0].startswith(("..", "_"))
    and (len(path.parts) == 1 or (site / path.parts[0] / "__init__.py").exists())
})
before = sorted(site.rglob("*"))
assert sys.dont_write_bytecode is False
# setuptools must come before whatever imports distutils.
for name in sorted(names, key=lambda name: name != "setuptools"):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # matplotlib_inline is for who has matplotlib too
        assert error.name not in names, error
loaded = [getattr(each, "__cached__", None) for each in list(sys.modules.values())]
stale = [path for path in loaded if path and path.startswith(str(site)) and not os.path.exists(path)]
print(len(names) > 90, len(sys.modules) > 1000, stale, sorted(set(site.rglob("*")) - set(before)))
"""


@pytest.mark.parametrize("options", [_STRICT, ("--user", "0:0")], ids=" ".join)
def test_everything_is_imported_and_nothing_written(options: Sequence[str]) -> None:
    """As root in a root that can be written the byte code would be written anew, if it were out of date."""
    done = _run(
        "env", "-u", "PYTHONDONTWRITEBYTECODE", "python", "-W", "ignore", "-c", _IMPORT, options=options
    )
    assert (done.returncode, done.stdout) == (0, "True True [] []\n"), done.stdout + done.stderr
