"""What holds for every image with a virtual environment, as a configuration for container-structure-test.

    load("//images/private:image_checks.bzl", "image_checks")

    image_checks(
        name = "train_py311_checks",
        sources = "/app",
        user = "65534:65534",
        venv = ":train_venv_amd64",
        workdir = "/app",
    )
"""

load("//venv:providers.bzl", "VenvInfo")

_DOC = """Writes NAME.json.

It says that the environment's Python is the one that starts, that every distribution of the environment is there
with all its files, and that the sources are of this Python."""

_ATTRS = {
    "sources": attr.string(
        doc = "The folder with the application's sources, if there is one.",
    ),
    "user": attr.string(
        doc = "The image's user.",
    ),
    "venv": attr.label(
        doc = "The environment that the image has.",
        mandatory = True,
        providers = [VenvInfo],
    ),
    "workdir": attr.string(
        doc = "The image's working directory, if it is not the base's.",
    ),
}

# RECORD's lines are what importlib.metadata calls files; byte code may have been left out.
_DISTRIBUTIONS = """\
import importlib.metadata, re, sys
found = {}
for each in importlib.metadata.distributions(path=[path for path in sys.path if path.startswith(sys.prefix)]):
    found[re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()] = each
missing = [name for name in sys.argv[1:] if name not in found]
files = [str(file) for each in found.values() for file in each.files or ()
         if file.suffix != ".pyc" and not file.locate().exists()]
print(*["not there:", *missing, *files] if missing or files else ["all there"])
"""

_SOURCES = """\
import ast, pathlib, sys
files = sorted(pathlib.Path(sys.argv[1]).rglob("*.py"))
for file in files:
    ast.parse(file.read_bytes(), str(file))
"""

def _distribution(wheel):
    """The name of a wheel's distribution, as the packaging standards normalise names."""
    name = wheel.basename.partition("-")[0].lower().replace("_", "-").replace(".", "-")
    return "-".join([part for part in name.split("-") if part])

def _command(name, command, expected):
    return {
        "args": command[1:],
        "command": command[0],
        "excludedError": ["."],
        "expectedOutput": expected,
        "name": name,
    }

def _image_checks_impl(ctx):
    venv = ctx.attr.venv[VenvInfo]
    major, minor = venv.python.split(".")
    names = sorted([_distribution(wheel) for wheel in venv.wheels])
    commands = [
        _command(
            "Python starts, and is the environment's",
            ["python", "-c", "import sys; print(sys.prefix, *sys.version_info[:2])"],
            ["^{} {} {}\n$".format(venv.prefix, major, minor)],
        ),
        _command(
            "the environment's programs come first",
            ["which", "python", "python" + venv.python],
            ["^{prefix}/bin/python\n{prefix}/bin/python{python}\n$".format(
                prefix = venv.prefix,
                python = venv.python.replace(".", "\\."),
            )],
        ),
        _command(
            "every distribution of the environment is there, with its files",
            ["python", "-c", _DISTRIBUTIONS] + names,
            ["^all there\n$"],
        ),
    ]
    if ctx.attr.sources:
        commands.append(_command(
            "the sources are of this Python",
            ["python", "-c", _SOURCES, ctx.attr.sources],
            [],
        ))
    metadata = {"envVars": [{"key": "VIRTUAL_ENV", "value": venv.prefix}]}
    for key, value in [("user", ctx.attr.user), ("workdir", ctx.attr.workdir)]:
        if value:
            metadata[key] = value
    config = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(config, json.encode_indent({
        "commandTests": commands,
        "metadataTest": metadata,
        "schemaVersion": "2.0.0",
    }))
    return [DefaultInfo(files = depset([config]))]

image_checks = rule(
    implementation = _image_checks_impl,
    doc = _DOC,
    attrs = _ATTRS,
)
