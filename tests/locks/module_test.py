"""A workspace with this one for a module locks a build for CUDA from an index of its own, and gets it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.bazel_workspace import Workspace
from tools.lint import workspace
from tools.testing.simple_index import SimpleIndex
from tools.testing.tiny_wheel import TinyWheel, sha256

_TAGS = [f"cp311-cp311-manylinux_2_17_{machine}" for machine in ("x86_64", "aarch64")]
_MODULE = f"""
bazel_dep(name = "pycuda", version = "0.1.0")
local_path_override(module_name = "pycuda", path = "{workspace.root()}")
"""
_HUB = """
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.toolchain(python_version = "3.11")

pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(
    hub_name = "wheels",
    python_version = "3.11",
    requirements_lock = "//locks:train_py311.txt",
    target_platforms = ["linux_x86_64", "linux_aarch64"],
)
use_repo(pip, "wheels")
"""
_REFRESH = "bazel run @pycuda//venv:lock -- --folder locks train"


@pytest.fixture
def user(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(tmp_path / "user")
    made.module(_MODULE)
    made.write("BUILD.bazel", "")
    made.write("locks/BUILD.bazel", 'exports_files(glob(["*.txt"]))\n')
    yield made
    made.close()


def test_a_build_for_cuda_comes_from_its_own_index(user: Workspace, tmp_path: Path) -> None:
    main, extra = SimpleIndex(tmp_path / "main"), SimpleIndex(tmp_path / "extra")
    main.add(TinyWheel("torch", requires=["dep"]), TinyWheel("dep"))
    torch = extra.add(*(TinyWheel("torch", "1.0+cu128", requires=["dep"], tags=tags) for tags in _TAGS))
    network = {name: os.environ[name] for name in os.environ["NETWORK_ENV"].split() if name in os.environ}
    # The programs come from the index of this machine, what they lock from the two of the test.
    user.build("@pycuda//venv:lock", env=network)
    with main.served(), extra.served():
        user.write("locks/train.in", f"# pythons: 3.11\n--extra-index-url {extra.url}\ntorch==1.0+cu128\n")
        pip = {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_INDEX_URL": main.url,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }

        def lock(*options: str) -> tuple[int, str]:
            done = user.bazel("run", "@pycuda//venv:lock", "--", "--folder", "locks", *options, env=pip)
            return done.code, done.output

        code, said = lock("--check")
        assert code == 1, said
        assert f"stale; refresh: {_REFRESH}" in said
        assert not (user.root / "locks/train_py311.txt").exists()
        code, said = lock()
        assert code == 0, said
        assert (
            "locks/train_py311.txt: 2 distributions locked: 2 added\n  + dep 1.0\n  + torch 1.0+cu128\n"
            in said
        )
        text = (user.root / "locks/train_py311.txt").read_text(encoding="utf-8")
        assert f"#    {_REFRESH}\n--extra-index-url {extra.url}\n" in text
        assert all(sha256(wheel) in text for wheel in torch)
        assert lock("--check")[0] == 0

        user.module(_MODULE + _HUB)
        flag = "--@rules_python//python/config_settings:python_version=3.11"
        user.build("@wheels//torch:whl", flag, env=network | pip)
        found = user.bazel("cquery", "--output=files", "@wheels//torch:whl", flag, env=network | pip)
    (name,) = [Path(line) for line in found.output.splitlines() if line.endswith(".whl")]
    out = user.bazel("info", "output_base").output.splitlines()[-1]
    wheel = Path(out, name)
    assert wheel.name.startswith("torch-1.0+cu128-cp311")
    assert sha256(wheel) in {sha256(each) for each in torch}
