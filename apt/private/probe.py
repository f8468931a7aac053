"""Finds out why a download failed: repository rules run it with the machine's python3 after a failure.

Bazel's downloader logs what went wrong, but tells a rule only that something did. Called with URLs; prints a
JSON list with, for each, the SHA-256 of what is there, the HTTP status, or the error.
"""

from __future__ import annotations

import hashlib
import json
import sys
import urllib.error
import urllib.request

_TIMEOUT = 20


def probe(url: str) -> dict[str, str | int]:
    """Tries one URL."""
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
            while chunk := answer.read(1 << 20):
                digest.update(chunk)
    except urllib.error.HTTPError as error:
        return {"status": error.code}
    except FileNotFoundError:
        return {"status": 404}
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, FileNotFoundError) or "No such file" in str(reason):
            return {"status": 404}
        return {"error": str(reason)}
    return {"sha256": digest.hexdigest()}


if __name__ == "__main__":
    print(json.dumps([probe(url) for url in sys.argv[1:]]))
