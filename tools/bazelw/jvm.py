"""How Java runs Bazel's server in the toolbox: options, and a file that they name.

Much of what a server does in its first minute is compiling itself. HotSpot has two compilers: C1 is quick,
and C2 then compiles again what is used most. Here C2 gets only what it alone replaces by instructions of the
processor. Analysing all of this repository takes a new server 25 s of CPU time in place of 37, and up to a
quarter more memory, and a layer is hashed as quickly as ever; without C2 hashing takes ten times as long.
"""

from __future__ import annotations

import json

# /run is an empty folder of the view's own.
DIRECTIVES = "/run/bazel-server.directives.json"

# HotSpot's format of compiler directives: the first that matches a method counts.
CONTENT = json.dumps(
    [
        {"match": ["sun/security/provider/*.*", "com/sun/crypto/provider/*.*"], "c2": {"Exclude": False}},
        {"match": ["*.*"], "c2": {"Exclude": True}},
    ]
)

OPTIONS = ("-XX:+UnlockDiagnosticVMOptions", f"-XX:CompilerDirectivesFile={DIRECTIVES}")
