"""The extension that makes hubs of wheels from locks.

```starlark
pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")
pip.parse(
    hub_name = "dev",
    python_version = "3.14",
    requirements_lock = "//venv/locks:dev.txt",
    target_platforms = ["linux_x86_64", "linux_aarch64"],
)
use_repo(pip, "dev")
```
"""

load("//python/private/pypi:pip.bzl", _pip = "pip")

pip = _pip
