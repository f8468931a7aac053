"""The extension that says which Python versions are used.

```starlark
python = use_extension("@rules_python//python/extensions:python.bzl", "python")
python.defaults(python_version = "3.14")
python.toolchain(python_version = "3.14")
python.toolchain(python_version = "3.11")
```
"""

load("//python/private:python.bzl", _python = "python")

python = _python
