"""Unit tests of layer_groups: which wheels go into which layer, and what is said where that cannot be."""

load("@bazel_skylib//lib:unittest.bzl", "asserts", "unittest")
load("//venv/private:layer_groups.bzl", "distribution", "layer_groups", "normal_name")  # buildifier: disable=bzl-visibility

_NAMES = ["numpy", "nvidia-cublas-cu12", "nvidia-nccl-cu12", "scikit-learn", "torch", "torchvision"]

def _names_impl(ctx):
    env = unittest.begin(ctx)
    for name, normal in {
        "": "",
        "-a_": "a",
        "A": "a",
        "Foo.Bar_baz": "foo-bar-baz",
        "a-._b": "a-b",
    }.items():
        asserts.equals(env, normal, normal_name(name))
    for basename, name in {
        "Foo.Bar-1.0-py3-none-any.whl": "foo-bar",
        "nvidia_nccl_cu12-2.20-py3-none-manylinux1_x86_64.whl": "nvidia-nccl-cu12",
    }.items():
        asserts.equals(env, name, distribution(struct(basename = basename)))
    return unittest.end(env)

_names_test = unittest.make(_names_impl)

def _groups_impl(ctx):
    env = unittest.begin(ctx)
    for pattern, found in {
        "*": _NAMES,
        "**": _NAMES,
        "*-cu12": ["nvidia-cublas-cu12", "nvidia-nccl-cu12"],
        "*c*l*": ["nvidia-cublas-cu12", "nvidia-nccl-cu12", "scikit-learn"],
        "NVIDIA_*": ["nvidia-cublas-cu12", "nvidia-nccl-cu12"],
        "Scikit.Learn": ["scikit-learn"],
        "n*y": ["numpy"],
        "nvidia-*-cu12": ["nvidia-cublas-cu12", "nvidia-nccl-cu12"],
        "torch": ["torch"],
        "torch*": ["torch", "torchvision"],
    }.items():
        rest = [name for name in _NAMES if name not in found]
        asserts.equals(env, ({"layer": found, "": rest}, None), layer_groups(_NAMES, {"layer": [pattern]}))

    # The first layer that has a matching pattern gets it, whatever later ones say.
    groups, problem = layer_groups(_NAMES, {"torch": ["torch"], "more": ["torch*", "numpy"], "all": ["*"]})
    asserts.equals(env, None, problem)
    asserts.equals(env, ["torch", "more", "all", ""], groups.keys())
    asserts.equals(env, [["torch"], ["numpy", "torchvision"], _NAMES[1:4], []], groups.values())
    asserts.equals(env, ({"": _NAMES}, None), layer_groups(_NAMES, {}))
    asserts.equals(env, ({"": []}, None), layer_groups([], {}))
    return unittest.end(env)

_groups_test = unittest.make(_groups_impl)

def _problems_impl(ctx):
    env = unittest.begin(ctx)
    for patterns, message in {
        ("aba*ba",): "\"aba*ba\" in the layer \"x\" is no distribution of this environment; it has numpy, ",
        ("nmpy",): "\"nmpy\" in the layer \"x\" is no distribution of this environment; did you mean numpy?",
        ("numpy", "torchvison"): "\"torchvison\" in the layer \"x\" is no distribution of this environment; did you mean torch",
        ("nvidia-ncl-*",): "; did you mean nvidia-nccl-cu12",
        ("torch?",): "\"torch?\" in the layer \"x\" is no distribution of this environment; did you mean torch",
    }.items():
        _, problem = layer_groups(_NAMES, {"x": list(patterns)})
        asserts.true(env, message in problem, "{} gives {}".format(patterns, problem))
    for layers, message in {
        "after": ({"a": ["*"], "b": ["torch"]}, "nothing is left for the layer \"b\": layers before it take torch; put it before them, or leave it out"),
        "empty": ({"a": []}, "nothing is left for the layer \"a\": layers before it take all that it names, which is nothing; put it before them, or leave it out"),
        "many": ({str(number): ["*"] for number in range(127)}, "has 127 layers and one for the rest; images can have 127 in all: join some"),
    }.values():
        asserts.equals(env, message, layer_groups(_NAMES, layers)[1])

    # A pattern's pieces do not overlap.
    asserts.true(env, "is no distribution" in layer_groups(["aba"], {"x": ["ab*ba"]})[1])
    return unittest.end(env)

_problems_test = unittest.make(_problems_impl)

def layer_groups_tests(name):
    """Defines the tests.

    Args:
      name: name of the test suite.
    """
    unittest.suite(name, _names_test, _groups_test, _problems_test)
