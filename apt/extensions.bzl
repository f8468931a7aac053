"""Module extension that makes a lock's packages available.

```starlark
apt = use_extension("@pycuda//apt:extensions.bzl", "apt")
apt.lock(name = "bookworm", lock = "//apt/locks:bookworm.json")
use_repo(apt, "bookworm")
```

`@bookworm` is then what `apt_layer(lock = "@bookworm")` takes. Each .deb is a repository of its own, fetched
when a target first needs it, by hash, through Bazel's downloader: its repository cache and `--distdir` work.
"""

load("//apt/private:extension.bzl", _apt = "apt")

apt = _apt
