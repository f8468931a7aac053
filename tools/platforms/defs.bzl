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
_OUTSIDE = "//tools/platforms:outside"

def _for_image_impl(settings, attr):
    return {
        _OUTSIDE: settings[_OUTSIDE] or [settings[_PYTHON]] + [str(label) for label in settings[_PLATFORMS]],
        _PLATFORMS: [Label("//tools/platforms:linux_" + attr.arch)],
        _PYTHON: getattr(attr, "python", "") or settings[_PYTHON],
    }

for_image = transition(
    implementation = _for_image_impl,
    inputs = [
        _OUTSIDE,
        _PLATFORMS,
        _PYTHON,
    ],
    outputs = [
        _OUTSIDE,
        _PLATFORMS,
        _PYTHON,
    ],
)

def _outside_of_images_impl(settings, _attr):
    outside = settings[_OUTSIDE]
    return {
        _OUTSIDE: [],
        _PLATFORMS: outside[1:] if outside else settings[_PLATFORMS],
        _PYTHON: outside[0] if outside else settings[_PYTHON],
    }

# The way back: what was asked for before `for_image`. For a rule that is found among wheels and makes one with the help
# of layers or images, which so are the same targets as elsewhere and not made a second time.
outside_of_images = transition(
    implementation = _outside_of_images_impl,
    inputs = [
        _OUTSIDE,
        _PLATFORMS,
        _PYTHON,
    ],
    outputs = [
        _OUTSIDE,
        _PLATFORMS,
        _PYTHON,
    ],
)
