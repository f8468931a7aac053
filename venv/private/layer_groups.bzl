"""Which wheels are in which layer: by distribution name and glob.

    load(":layer_groups.bzl", "layer_groups")

    groups, problem = layer_groups(["numpy", "torch", "nvidia-nccl-cu12"], {"torch": ["torch", "nvidia-*"]})
    # {"torch": ["torch", "nvidia-nccl-cu12"], "": ["numpy"]}, None
"""

# What engines can stack; an image needs some for what lies below.
_MOST = 127

def distribution(wheel):
    """The name of a wheel's distribution.

    Args:
        wheel: a File, whose name is as the specification of binary distributions says.

    Returns:
        The name in normal form, such as nvidia-nccl-cu12.
    """
    return normal_name(wheel.basename.partition("-")[0])

def normal_name(name):
    """A distribution's name in normal form.

    Args:
        name: string.

    Returns:
        A string in lower case, with single hyphens.
    """
    parts = name.lower().replace("_", "-").replace(".", "-").split("-")
    return "-".join([part for part in parts if part])

def layer_groups(names, layers):
    """Puts distributions into layers.

    Args:
        names: their names in normal form.
        layers: dictionary from a layer's name to patterns, names with * for anything; the first layer that has a
            matching pattern gets the distribution.

    Returns:
        A dictionary from a layer's name to names, with "" for the rest; and what is wrong, or None.
    """
    if len(layers) + 1 > _MOST:
        return {}, "has {} layers and one for the rest; images can have {} in all: join some".format(len(layers), _MOST)
    groups = {layer: [] for layer in layers} | {"": []}
    used = {}
    for name in names:
        home = ""
        for layer, patterns in layers.items():
            for pattern in patterns:
                if _matches(name, _normal_pattern(pattern)):
                    used[(layer, pattern)] = None
                    home = home or layer
        groups[home].append(name)
    for layer, patterns in layers.items():
        for pattern in patterns:
            if (layer, pattern) not in used:
                close = _closest(normal_name(pattern.replace("*", "")), names)
                return groups, "\"{}\" in the layer \"{}\" is no distribution of this environment{}".format(
                    pattern,
                    layer,
                    "; did you mean {}?".format(" or ".join(close)) if close else "; it has " + ", ".join(sorted(names)),
                )
        if not groups[layer]:
            return groups, "nothing is left for the layer \"{}\": layers before it take {}; put it before them, or leave it out".format(
                layer,
                ", ".join(patterns) or "all that it names, which is nothing",
            )
    return groups, None

def _normal_pattern(pattern):
    return pattern.lower().replace("_", "-").replace(".", "-")

def _matches(name, pattern):
    """Whether a name fits a pattern with any number of `*`."""
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return name == pattern
    if not name.startswith(pieces[0]) or not name.endswith(pieces[-1]):
        return False
    if len(name) < len(pieces[0]) + len(pieces[-1]):
        return False
    rest = name[len(pieces[0]):len(name) - len(pieces[-1])]
    for piece in pieces[1:-1]:
        start = rest.find(piece)
        if start < 0:
            return False
        rest = rest[start + len(piece):]
    return True

def _closest(name, names):
    """At most three names that look most like one."""
    scored = sorted([(-_likeness(name, each), each) for each in names])
    return [each for score, each in scored[:3] if -score * 2 > len(name)]

def _likeness(one, other):
    """How many pairs of neighbouring letters two names share."""
    pairs = {other[start:start + 2]: None for start in range(len(other) - 1)}
    shared = len([start for start in range(len(one) - 1) if one[start:start + 2] in pairs])
    return shared + 1 - (1 if abs(len(one) - len(other)) > 4 else 0)
