"""Configurations for container-structure-test that follow from the matrix.

    load("//images/private:structure_yaml.bzl", "structure_yaml")

    structure_yaml(
        name = "python_py311",
        python = "3.11",
        template = "python.yaml.in",
    )

In the template, @PYTHON@ stands for 3.11, @PYTHON_TAG@ for 311 and @PYTHON_REGEX@ for 3\\\\.11, as in a quoted expression;
@CUDA@ is the major version of CUDA, @CUDA_REGEX@ the release.
"""

load("@bazel_skylib//rules:expand_template.bzl", "expand_template")
load("//images:config.bzl", "CUDA")

def structure_yaml(name, template, python = None, cuda = None):
    """Makes NAME.yaml.

    Args:
        name: name of the file without .yaml.
        template: the template.
        python: Python version, if the template is about one.
        cuda: key of CUDA in config.bzl, if the template is about one.
    """
    substitutions = {}
    if python:
        substitutions |= {
            "@PYTHON@": python,
            "@PYTHON_REGEX@": _quoted(python),
            "@PYTHON_TAG@": python.replace(".", ""),
        }
    if cuda:
        substitutions |= {
            "@CUDA@": cuda,
            "@CUDA_REGEX@": _quoted(CUDA[cuda].version),
        }
    expand_template(
        name = name,
        out = name + ".yaml",
        substitutions = substitutions,
        template = template,
    )

def _quoted(version):
    return version.replace(".", "\\\\.")
