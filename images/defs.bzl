"""Rules for images of Python programs.

    load("//images:defs.bzl", "image_shell", "image_test")
"""

load("//images/private:annotated_image.bzl", _annotated_image = "annotated_image")
load("//images/private:availability.bzl", _python_tags = "python_tags")
load("//images/private:cuda_image.bzl", _cuda_image = "cuda_image")
load("//images/private:cuda_layer.bzl", _cuda_runtime_layer = "cuda_runtime_layer")
load("//images/private:image_load.bzl", _image_load = "image_load")
load("//images/private:image_push.bzl", _image_push = "image_push")
load("//images/private:image_shell.bzl", _image_shell = "image_shell")
load("//images/private:image_test.bzl", _image_test = "image_test")
load("//images/private:interpreter_layer.bzl", _interpreter_layer = "interpreter_layer")
load("//images/private:ld_cache_layer.bzl", _ld_cache_layer = "ld_cache_layer")
load("//images/private:link_test.bzl", _link_test = "link_test")
load("//images/private:sbom.bzl", _image_sbom = "image_sbom")
load("//images/private:stacked_image.bzl", _stacked_image = "stacked_image")
load("//images/private:structure_yaml.bzl", _structure_yaml = "structure_yaml")
load("//images/private:variants.bzl", _VARIANTS = "VARIANTS")
load("//images/private:why.bzl", _image_why = "image_why")

VARIANTS = _VARIANTS
annotated_image = _annotated_image
cuda_image = _cuda_image
cuda_runtime_layer = _cuda_runtime_layer
image_load = _image_load
image_push = _image_push
image_sbom = _image_sbom
image_shell = _image_shell
image_test = _image_test
image_why = _image_why
interpreter_layer = _interpreter_layer
ld_cache_layer = _ld_cache_layer
link_test = _link_test
python_tags = _python_tags
stacked_image = _stacked_image
structure_yaml = _structure_yaml
