"""What a registry's refusals mean to the user."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus

from tools.common.errors import ToolError


class RegistryError(ToolError):
    """Something that a registry, or the way to it, does not do.

    Args:
        problem: what is wrong.
        host: the registry.
        remedy: what to do about it.
        status: the answer's status; 0 if there was none.
    """

    def __init__(self, problem: str, *, host: str, remedy: str | None = None, status: int = 0) -> None:
        super().__init__(problem, file=host, remedy=remedy)
        self.host = host
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Message
    body: bytes
    url: str

    def header(self, name: str) -> str:
        """A header; empty if there is none."""
        return str(self.headers.get(name) or "")

    @property
    def text(self) -> str:
        """Status and reasons in one line."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = ""
        reasons = []
        try:
            for each in json.loads(self.body)["errors"]:
                reasons.append(": ".join(str(each[key]) for key in ("code", "message") if each.get(key)))
        except (ValueError, KeyError, TypeError, AttributeError):
            plain = re.sub(r"<[^>]*>|\s+", " ", self.body[:2000].decode(errors="replace"))
            reasons = [" ".join(plain.split())[:200]] if plain.strip() else []
        return " ".join(f"{self.status} {phrase}".split()) + (f" ({'; '.join(reasons)})" if reasons else "")


LACKING = "MANIFEST_BLOB_UNKNOWN"  # of distribution-spec, Error Codes

_READ_ONLY = "it is read-only, or this is not the host to push to; ask whoever runs it"
_LOGIN = "log in as a user who may do this: docker login, podman login or crane auth login"
_REMEDIES = {
    401: _LOGIN,
    403: _LOGIN,
    404: "look at the repository's name; some registries want it made before the first push",
    405: _READ_ONLY,
    413: "something before the registry takes no request of that size: --chunk-size 50M sends smaller ones",
    507: "the registry's disk is full",
}


def refused(what: str, answer: Answer, host: str) -> RegistryError:
    """The error for an answer that was not hoped for."""
    remedy = _REMEDIES.get(answer.status)
    if LACKING in answer.text:
        remedy = "the registry has lost it since it was sent: run this again, it sends what is missing"
    elif answer.status == 400 and answer.url.startswith("http://"):  # no answer to HEAD has a reason
        remedy = f"if the registry speaks TLS, write https://{host}/..."
    return RegistryError(f"can't {what}: {answer.text}", host=host, remedy=remedy, status=answer.status)
