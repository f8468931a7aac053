"""How Java runs Bazel's server in the toolbox: options, and the files that they name.

Much of what a server does in its first minute is reading its classes and compiling itself.

HotSpot has two compilers: C1 is quick, and C2 then compiles again what is used most. Here C2 gets only what
it alone replaces by instructions of the processor. Analysing all of this repository takes a new server 25 s
of CPU time in place of 37, and up to a quarter more memory, and a layer is hashed as quickly as ever; without
C2 hashing takes ten times as long.

The cache (JEP 483 and 515) has classes as they are once read and linked, and what is known of their methods:
see training.py. Java goes without where it does not fit.
"""

from __future__ import annotations

import json
import os

# /run is an empty folder of the view's own.
DIRECTIVES = "/run/bazel-server.directives.json"
CACHE = "/usr/lib/bazel-server.aot"

# HotSpot's format of compiler directives: the first that matches a method counts.
CONTENT = json.dumps(
    [
        {"match": ["sun/security/provider/*.*", "com/sun/crypto/provider/*.*"], "c2": {"Exclude": False}},
        {"match": ["*.*"], "c2": {"Exclude": True}},
    ]
)


def options(root: str) -> list[str]:
    """Returns the options for a server that runs in a root."""
    result = ["-XX:+UnlockDiagnosticVMOptions", f"-XX:CompilerDirectivesFile={DIRECTIVES}"]
    return [*result, f"-XX:AOTCache={CACHE}"] if os.path.exists(root + CACHE) else result
