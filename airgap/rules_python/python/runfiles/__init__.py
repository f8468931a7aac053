"""`from python.runfiles import Runfiles`: files that a target has in its `data`."""

from python.runfiles.runfiles import Create, CreateDirectoryBased, Runfiles

__all__ = ["Create", "CreateDirectoryBased", "Runfiles"]
