"""Module extension that makes a lock's source distributions available.

```starlark
sdists = use_extension("@pycuda//venv:extensions.bzl", "sdists")
sdists.lock(name = "app_sdists", lock = "//venv/locks:app.txt")
use_repo(sdists, "app_sdists")
```

`@app_sdists//mysqlclient:sdist` is then what `sdist_wheels(sdist = ...)` takes. Each is a repository of its own, fetched
when a target first needs it, by the hashes in the lock, from the index that this machine's pip uses. Nothing of the
project runs. Wheels of the same lock come from a hub of `pip.parse`, as ever.
"""

load("//venv/private:sdists.bzl", _sdists = "sdists")

sdists = _sdists
