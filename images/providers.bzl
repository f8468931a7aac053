"""Providers of images, apart from the rules: what images are made of needs them too.

    load("//images:providers.bzl", "InterpreterInfo")
"""

load("//images/private:interpreter.bzl", _InterpreterInfo = "InterpreterInfo")

InterpreterInfo = _InterpreterInfo

ReferrersInfo = provider(
    doc = "Documents about an image that go to the registry with it: OCI manifests whose `subject` is the image's.",
    fields = {
        "layouts": "depset of Files: directories with an OCI image layout, whose index.json lists such manifests.",
    },
)
