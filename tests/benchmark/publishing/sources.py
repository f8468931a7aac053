"""The application that both ways put into an image, and what each way is told about it.

The Dockerfile is as a careful engineer would write it for this base: two stages; no pip in what is shipped;
what changes least comes first, so that podman's cache of layers has the wheels when the application changes;
wheels come from a folder by a volume, and none is copied into a context or a layer; metadata before files.
"""

from __future__ import annotations

from pathlib import Path

PYTHON = "3.11"
VENV = "/usr/share/python3/app"

_TRAIN = """\
\"\"\"Fits a line with what the wheels have.\"\"\"

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.stats
import sklearn
from sklearn.linear_model import LinearRegression

REVISION = {revision}

frame = pd.DataFrame({{"x": np.arange(9.0), "y": 2 * np.arange(9.0) + 1}})
model = LinearRegression().fit(frame[["x"]], frame["y"])
slope = scipy.stats.linregress(frame["x"], frame["y"]).slope
print(REVISION, sklearn.__version__, pa.table(frame).num_rows, round(model.coef_[0], 6), round(slope, 6))
"""

_DOCKERFILE = """\
FROM {registry}/buildtime:{python} AS builder
RUN python{python} -m venv --without-pip {venv}
COPY requirements.txt /tmp/requirements.txt
RUN pip --python {venv}/bin/python install --no-index --find-links /wheels --no-cache-dir \\
    --require-hashes{no_compile} -r /tmp/requirements.txt

FROM {registry}/runtime:{python}
ENV HOME=/tmp PATH={venv}/bin:$PATH PYTHONPATH=/app VIRTUAL_ENV={venv}
WORKDIR /app
USER 65534:65534
CMD ["python", "-m", "app.train"]
COPY --from=builder {venv} {venv}
COPY app /app/app
"""

_MODULE = """\
module(name = "train")

bazel_dep(name = "pycuda", version = "0.1.0")
bazel_dep(name = "rules_python", version = "2.3.2")
local_path_override(
    module_name = "pycuda",
    path = "{pycuda}",
)

python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.defaults(python_version = "{python}")
python.toolchain(python_version = "{python}")

pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(
    hub_name = "train_wheels",
    python_version = "{python}",
    requirements_lock = "//:requirements.txt",
    target_platforms = ["linux_x86_64", "linux_aarch64"],
)
use_repo(pip, wheels = "train_wheels")
"""

_BUILD = """\
load("@pycuda//images:defs.bzl", "cuda_image")
load("@pycuda//venv:defs.bzl", "venv_layers")

venv_layers(
    name = "venv",
    architectures = ["{architecture}"],
    byte_code = {byte_code},
    layers = {{
        "numpy": ["numpy"],
        "pandas": ["pandas"],
        "pyarrow": ["pyarrow"],
        "scikit_learn": ["scikit-learn"],
        "scipy": ["scipy"],
    }},
    python = "{python}",
    wheels = ["@wheels//{{}}:whl".format(each) for each in ["pandas", "pyarrow", "scikit_learn"]],
)

cuda_image(
    name = "train",
    srcs = glob(["app/*.py"]),
    architectures = ["{architecture}"],
    cmd = ["python", "-m", "app.train"],
    python = "{python}",
    venv = ":venv",
)
"""


def application(folder: Path, revision: int) -> None:
    """Writes the application; a revision is one line of it."""
    (folder / "app").mkdir(exist_ok=True)
    (folder / "app/train.py").write_text(_TRAIN.format(revision=revision), encoding="utf-8")


def lock(folder: Path, text: str) -> None:
    """Writes the lock of the wheels."""
    (folder / "requirements.txt").write_text(text, encoding="utf-8")


def dockerfile(folder: Path, registry: str, *, byte_code: bool) -> None:
    """Writes what podman builds.

    Args:
        folder: the context.
        registry: where the images are that it starts from.
        byte_code: whether modules are compiled.
    """
    text = _DOCKERFILE.format(
        registry=registry, python=PYTHON, venv=VENV, no_compile="" if byte_code else " --no-compile"
    )
    (folder / "Dockerfile").write_text(text, encoding="utf-8")


def workspace(folder: Path, pycuda: Path, architecture: str, *, byte_code: bool) -> None:
    """Writes what Bazel builds.

    Args:
        folder: the workspace.
        pycuda: the checkout that it uses as a module.
        architecture: of the image, as images name it.
        byte_code: whether modules are compiled.
    """
    (folder / "MODULE.bazel").write_text(_MODULE.format(pycuda=pycuda, python=PYTHON), encoding="utf-8")
    build = _BUILD.format(architecture=architecture, byte_code=byte_code, python=PYTHON)
    (folder / "BUILD.bazel").write_text(build, encoding="utf-8")
    stamp = f"build --workspace_status_command={pycuda}/tools/stamp/workspace_status.py"
    (folder / ".bazelrc").write_text(f"import {pycuda}/.bazelrc\n{stamp}\n", encoding="utf-8")
    # The options of --config=airgap name the drop-ins by their place in the workspace.
    (folder / "airgap").symlink_to(pycuda / "airgap")
    (folder / ".bazelignore").write_text("airgap\n", encoding="utf-8")
    (folder / ".bazelversion").write_bytes((pycuda / ".bazelversion").read_bytes())
