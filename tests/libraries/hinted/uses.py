"""What is done with distributions that the hints know, and what they say where libraries are missing."""

from __future__ import annotations

from collections.abc import Mapping

from tests.libraries.uses import Use

# What the loader misses when it opens a file of the environment; None if it misses nothing.
_LACKS = """
import ctypes, pathlib, sysconfig
SITE = pathlib.Path(sysconfig.get_path("platlib"))
def lacks(pattern):
    (path,) = SITE.glob(pattern)
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        assert "cannot open shared object file" in str(error), error
        return str(error).partition(":")[0]
"""

# The platforms of Qt that hints do not leave out. GTK's theme is a plugin that they do.
_QT_PLUGINS = """plugins = QtCore.QLibraryInfo.path(QtCore.QLibraryInfo.LibraryPath.PluginsPath)
for name in ("minimal", "offscreen", "xcb"):
    platform = QtCore.QPluginLoader(f"{plugins}/platforms/libq{name}.so")
    assert platform.load(), platform.errorString()
theme = QtCore.QPluginLoader(f"{plugins}/platformthemes/libqgtk3.so")
assert not theme.load() and "libgtk-3.so.0: cannot open" in theme.errorString(), theme.errorString()
"""

# What needs packages that hinted_py311.pkgdeps.json has.
USES: Mapping[str, Use] = {
    # There is no display.
    "glfw": Use(
        """
import glfw
assert not glfw.init()
assert b"DISPLAY" in glfw.get_error()[1]
""",
        "X11: Failed to load Xlib",
    ),
    # Without a display; which devices there are is up to drivers.
    "mujoco": Use(
        """
import os
os.environ["MUJOCO_GL"] = "egl"
import mujoco
from mujoco.egl import egl_ext
egl_ext.eglQueryDevicesEXT()
""",
        "'NoneType' object has no attribute 'eglQueryString'",
    ),
    "pyopengl": Use("import OpenGL.GL", "ImportError: Unable to load OpenGL or GL library"),
    "pyqt6": Use(
        """
from PyQt6 import QtWidgets
app = QtWidgets.QApplication(["app", "-platform", "offscreen"])
label = QtWidgets.QLabel("text")
label.show()
assert not label.grab().isNull()
""",
        "ImportError: libGL.so.1: cannot open shared object file",
    ),
    # Every module, and the plugins.
    "pyqt6-qt6": Use(
        """
from PyQt6 import QtCore
import importlib, pkgutil, PyQt6
for module in pkgutil.iter_modules(PyQt6.__path__):
    importlib.import_module("PyQt6." + module.name)
app = QtCore.QCoreApplication([])
"""
        + _QT_PLUGINS,
        "ImportError: libglib-2.0.so.0: cannot open shared object file",
    ),
    # As above, and what draws without a GPU, a database and TLS.
    "pyside6-essentials": Use(
        """
from PySide6 import QtCore, QtGui, QtNetwork, QtQml, QtQuick, QtSql
import importlib, pathlib, PySide6
for file in pathlib.Path(PySide6.__file__).parent.glob("*.abi3.so"):
    importlib.import_module("PySide6." + file.name.partition(".")[0])

def paint(platform):
    app = QtGui.QGuiApplication(["app", "-platform", platform])
    image = QtGui.QImage(40, 30, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtCore.Qt.GlobalColor.white)
    blank = image.copy()
    with QtGui.QPainter(image) as painter:
        painter.drawText(5, 20, "text")
    assert image != blank, platform
    app.shutdown()

paint("minimal")
paint("offscreen")

QtQuick.QQuickWindow.setGraphicsApi(QtQuick.QSGRendererInterface.GraphicsApi.Software)
app = QtGui.QGuiApplication(["app", "-platform", "offscreen"])
engine = QtQml.QQmlEngine()
scene = QtQml.QQmlComponent(engine)
scene.setData(b'import QtQuick.Controls; Button { text: "text" }', QtCore.QUrl())
assert scene.isReady(), scene.errorString()
window = QtQuick.QQuickWindow()
button = scene.create()
button.setParentItem(window.contentItem())
window.resize(90, 40)
window.show()
image = window.grabWindow()
assert len({image.pixel(x, y) for x in range(90) for y in range(40)}) > 1

database = QtSql.QSqlDatabase.addDatabase("QSQLITE")
database.setDatabaseName(":memory:")
assert database.open()
query = QtSql.QSqlQuery("SELECT 1 + 1")
assert query.next() and query.value(0) == 2
assert QtNetwork.QSslSocket.supportsSsl()

"""
        + _QT_PLUGINS,
        "ImportError: libglib-2.0.so.0: cannot open shared object file",
    ),
    # Its modules need nothing, its windows do. There is no display; which devices there are is up to drivers.
    # What is opened, ld.so tells: GL is closed again without a context, and without EGL the process crashes.
    "vtk": Use(
        """
import os, re, subprocess, sys
code = '''
import ctypes, pathlib, sysconfig
import vtkmodules.all
from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow, vtkXOpenGLRenderWindow
window = vtkXOpenGLRenderWindow()
vtkEGLRenderWindow().GetNumberOfDevices()
modules = pathlib.Path(sysconfig.get_path("platlib"), "vtkmodules")
ctypes.CDLL(str(modules / "libvtkglad.so")).vtk_gladLoaderLoadGL()
'''
line = [sys.executable, "-c", code]
done = subprocess.run(line, env=os.environ | {"LD_DEBUG": "files"}, capture_output=True, text=True)
failed = re.findall("Failed to load.*", done.stderr)
assert done.returncode == 0 and not failed, (done.returncode, failed)
print(*set(re.findall(r"file=(\\S+) \\[0\\];  dynamically loaded by \\S+/libvtk", done.stderr)))
""",
        "Failed to load an X11 library",
    ),
}

# What no file needs and apt adds: Mesa's drivers, which draw without a GPU, and a font, without which all
# letters are boxes.
DRAWING: Mapping[str, Use] = {
    "mujoco": Use(
        """
import os
os.environ["MUJOCO_GL"] = "egl"
import mujoco
model = mujoco.MjModel.from_xml_string('<mujoco><worldbody><geom size="1"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 24, 32) as renderer:
    renderer.update_scene(data)
    assert renderer.render().max() > 0
""",
        "ImportError: Cannot initialize a EGL device display",
    ),
    "pyside6-essentials": Use(
        """
from PySide6 import QtCore, QtGui
app = QtGui.QGuiApplication(["app", "-platform", "offscreen"])
def drawn(letter):
    image = QtGui.QImage(40, 30, QtGui.QImage.Format.Format_RGB32)
    image.fill(QtCore.Qt.GlobalColor.white)
    with QtGui.QPainter(image) as painter:
        painter.drawText(5, 20, letter)
    return image
assert drawn("i") != drawn("M"), "there is no font"
""",
        "AssertionError: there is no font",
    ),
    "vtk": Use(
        """
import os
os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = "vtkEGLRenderWindow"
import vtk
window, renderer = vtk.vtkRenderWindow(), vtk.vtkRenderer()
assert window.IsA("vtkEGLRenderWindow"), window.GetClassName()
cone, mapper, actor = vtk.vtkConeSource(), vtk.vtkPolyDataMapper(), vtk.vtkActor()
mapper.SetInputConnection(cone.GetOutputPort())
actor.SetMapper(mapper)
renderer.AddActor(actor)
window.AddRenderer(renderer)
window.Render()
image, writer = vtk.vtkWindowToImageFilter(), vtk.vtkPNGWriter()
image.SetInput(window)
writer.SetInputConnection(image.GetOutputPort())
writer.WriteToMemoryOn()
writer.Write()
assert bytes(writer.GetResult()).startswith(b"\\x89PNG")
assert image.GetOutput().GetScalarRange()[1] > 0
""",
        "Could not initialize a device",
    ),
}

# GPUDirect Storage, but for the machine's driver. RDMA is one of the plugins.
_CUFILE = (
    _LACKS
    + """
folder = "nvidia/{}/lib/"
version = ctypes.c_int()
library = ctypes.CDLL(str(SITE / folder / "libcufile.so.0"))
assert library.cuFileGetVersion(ctypes.byref(version)) == 0 and version.value
assert lacks(folder + "libcufile_rdma.so.*") == "libmlx5.so.1"
"""
)

# It opens these at once and then waits for the driver, without end where there is none.
_CUFILE_OPENS = """
import subprocess, sys, time
code = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).cuFileDriverOpen()"
line = [sys.executable, "-c", code, SITE / folder / "libcufile.so.0"]
child = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
opened = {"libmount.so.1", "libudev.so.1"}
missing, end = opened, time.monotonic() + 30
try:
    while missing:
        assert time.monotonic() < end and child.poll() is None, missing
        maps = pathlib.Path(f"/proc/{child.pid}/maps").read_text()
        missing = {name for name in missing if name not in maps}
finally:
    child.kill()
print(*opened)
"""

# All others. What a hint has loaded before is not found without that; what hints leave out may be missing.
OTHERS: Mapping[str, str] = {
    "casadi": _LACKS
    + """
import casadi
x = casadi.SX.sym("x")
quiet = {"print_time": False, "ipopt.print_level": 0}
solver = casadi.nlpsol("solver", "ipopt", {"x": x, "f": (x - 1) ** 2}, quiet)
assert abs(float(solver(x0=0)["x"]) - 1) < 1e-6

def lost(kind, load):
    names = [path.stem.split("_", 2)[2] for path in SITE.glob(f"casadi/libcasadi_{kind}_*.so")]
    found = set()
    for name in names:
        try:
            load(name)
        except RuntimeError:
            found.add(name)
    assert len(found) < len(names) / 2
    return found

assert lost("conic", casadi.load_conic) == {"cplex", "gurobi", "mosek", "xpress"}
assert lost("linsol", casadi.load_linsol) == {"ma27"}
assert lost("nlpsol", casadi.load_nlpsol) == {"ccopt", "conopt", "knitro", "madnlp", "snopt", "worhp"}
assert lacks("casadi/libcasadi_nlpsol_snopt.so") == "libsnopt7.so"
assert lacks("casadi/libmatlab_ipc.so") == "libmex.so"
""",
    "contourpy": "import contourpy",
    "cycler": "import cycler",
    "fonttools": "import fontTools.ttLib",
    "kiwisolver": "import kiwisolver",
    "matplotlib": """
import matplotlib
matplotlib.use("agg")
from matplotlib import pyplot
pyplot.plot([1, 2])
pyplot.savefig("/tmp/plot.png")
""",
    "mujoco-core": _LACKS
    + """
plugins = [f"mujoco/plugin/{path.name}" for path in SITE.glob("mujoco/plugin/*.so")]
assert plugins and all(lacks(plugin).startswith("libmujoco.so.") for plugin in plugins)
import mujoco
assert len(mujoco.PLUGIN_HANDLES) == len(plugins)
ball = '<body pos="0 0 1"><freejoint/><geom size="0.1"/></body>'
model = mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{ball}</worldbody></mujoco>")
data = mujoco.MjData(model)
mujoco.mj_step(model, data)
assert data.qpos[2] < 1
""",
    "mujoco-studio": "import mujoco._render_filament, mujoco.studio.viewer",
    "numpy": "import numpy",
    "nvidia-cuda-cccl": _LACKS + 'assert any(SITE.glob("nvidia/cu13/include/cccl/*"))',
    "nvidia-cufile": _CUFILE.format("cu13") + _CUFILE_OPENS,
    "nvidia-cufile-cu12": _CUFILE.format("cufile"),
    "nvidia-nvshmem-cu13": _LACKS
    + """
numbers = [ctypes.c_int() for _ in range(3)]
library = ctypes.CDLL(str(SITE / "nvidia/nvshmem/lib/libnvshmem_host.so.3"))
assert library.nvshmemx_vendor_get_version_info(*map(ctypes.byref, numbers)) == 0
assert numbers[0].value == 3
parts = {
    "bootstrap_mpi": "libmpi.so.40",
    "bootstrap_pmix": "libpmix.so.2",
    "bootstrap_shmem": "liboshmem.so.40",
    "bootstrap_uid": None,
    "transport_ibgda": "libmlx5.so.1",
    "transport_ibrc": None,
    "transport_libfabric": "libfabric.so.1",
    "transport_ucx": "libucs.so.0",
}
assert {part: lacks(f"nvidia/nvshmem/lib/nvshmem_{part}.so.*") for part in parts} == parts
""",
    "packaging": "import packaging.version",
    "pillow": "import PIL.Image",
    "pyparsing": "import pyparsing",
    "pyqt6-sip": "import PyQt6.sip",
    "python-dateutil": "import dateutil.parser",
    "shiboken6": "import shiboken6",
    "triton": _LACKS
    + """
plugin = "triton/plugins/libTritonPluginsTestLib.so"
assert lacks(plugin) == "libtriton.so"
import triton
from triton._C.libtriton import passes
passes.plugin.extend_with(str(SITE / plugin))
assert passes.plugin.add_plugin
""",
    "tzdata": "import tzdata",
    "websockets": "import websockets",
}
