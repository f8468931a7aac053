"""`pytest_test`: tests run by the real pytest.

```starlark
load("//tools/pytest:defs.bzl", "pytest_test")

pytest_test(
    name = "greeting_test",
    srcs = ["greeting_test.py"],
    deps = [":greeting"],
)
```

`bazel test --test_filter=EXPRESSION` selects tests as `pytest -k EXPRESSION` does, or by node id
(`greeting_test.py::test_hello`); `bazel run :greeting_test -- OPTIONS` hands options to pytest.
"""

load("@rules_python//python:defs.bzl", "py_test")

_MAIN = "//tools/pytest:pytest_main.py"
_CONFIG = "//tools/pytest:pytest.toml"

def pytest_test(
        name,
        srcs,
        deps = [],
        data = [],
        env = {},
        args = [],
        **kwargs):
    """Runs the tests in Python files with pytest.

    Args:
      name: name of the test target.
      srcs: files with tests, and the conftest.py beside them. Helpers belong in a py_library.
      deps: what the tests import; pytest itself is there.
      data: files that the tests read.
      env: environment variables.
      args: further options of pytest.
      **kwargs: attributes of every test rule: size, timeout, tags, shard_count, ...
    """
    tests = [src for src in srcs if not src.endswith("conftest.py")]
    py_test(
        name = name,
        srcs = srcs + [_MAIN],
        args = ["$(rootpath {})".format(src) for src in tests] + args,
        data = data + [_CONFIG],
        env = {"PYTEST_CONFIG": "$(rootpath {})".format(_CONFIG)} | env,
        main = _MAIN,
        deps = deps + ["@dev//pytest:pkg"],
        **kwargs
    )
