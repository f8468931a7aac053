"""Chooses what goes into an image by the image's own architecture and Python, whatever machine builds it.

    load("//tools/platforms:defs.bzl", "for_image")

    wheel_layer = rule(
        attrs = {
            "arch": attr.string(values = ["amd64", "arm64"]),
            "python": attr.string(doc = "such as 3.11; the default Python if empty"),
            "wheels": attr.label_list(cfg = for_image),
        },
        ...
    )

The transition belongs on the attribute with the wheels, not on the rule: a wheel is a source file, so no action is done
twice, and the layer made of it has the same path in every build.
"""

_PLATFORMS = "//command_line_option:platforms"
_PYTHON = "@rules_python//python/config_settings:python_version"

def _for_image_impl(settings, attr):
    return {
        _PLATFORMS: [Label("//tools/platforms:linux_" + attr.arch)],
        _PYTHON: getattr(attr, "python", "") or settings[_PYTHON],
    }

for_image = transition(
    implementation = _for_image_impl,
    inputs = [_PYTHON],
    outputs = [
        _PLATFORMS,
        _PYTHON,
    ],
)
