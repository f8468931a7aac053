"""Logging in, when a registry asks for it: by password, or by a token that its own server sells.

Nothing is sent before the registry has asked, so that no password goes where none is needed.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tools.registry.connections import origin
from tools.registry.credentials import Login
from tools.registry.problem import Answer, RegistryError, refused
from tools.registry.transport import Body, Transport

_CHALLENGE = re.compile(r'(\w+)\s+((?:\w+\s*=\s*(?:"[^"]*"|[^\s,]+)\s*,?\s*)+)')
_VALUE = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_CLIENT = "pycuda"


@dataclass(frozen=True)
class Challenge:
    """How a registry wants to be asked."""

    scheme: str
    values: Mapping[str, str]

    @staticmethod
    def of(answer: Answer) -> Challenge | None:
        """Of a 401: the bearer's before the basic one, as a registry that sells tokens wants it."""
        found = {}
        for header in answer.headers.get_all("WWW-Authenticate") or []:
            for scheme, rest in _CHALLENGE.findall(header):
                values = {name.lower(): quoted or plain for name, quoted, plain in _VALUE.findall(rest)}
                found[scheme.lower()] = Challenge(scheme.lower(), values)
            if header.strip().lower() == "basic":
                found["basic"] = Challenge("basic", {})
        return found.get("bearer") or found.get("basic")


class Auth:
    """What to put into the header Authorization, for each set of rights that requests need.

    Args:
        transport: the way to the registry.
        login: finds the user's login when it is asked for.
        basic: set when the registry has asked for a password, by any of its repositories.
    """

    def __init__(
        self, transport: Transport, login: Callable[[], Login | None], basic: threading.Event | None = None
    ) -> None:
        self._transport = transport
        self._find_login = login
        self._basic = basic or threading.Event()
        self._login: Login | None = None
        self._looked = False
        self._lock = threading.Lock()
        self._headers: dict[frozenset[str], str] = {}

    def header(self, scopes: frozenset[str]) -> str:
        """What is known to be right; empty if nothing is."""
        with self._lock:
            if self._basic.is_set() and not self._headers:
                login = self._known_login()
                if login and not login.identity_token:
                    self._headers[frozenset()] = login.basic
            return self._known(scopes)

    def answer(self, refusal: Answer, scopes: frozenset[str], used: str) -> str:
        """The header to try after a 401 for which `used` was sent; an error when there is no other."""
        host = self._transport.host
        with self._lock:
            known = self._known(scopes)
            if known and known != used:
                return known  # another thread was here before
            challenge = Challenge.of(refusal)
            login = self._known_login()
            if challenge is None:
                raise refused("log in", refusal, host)
            if challenge.scheme == "basic":
                if login is None or login.identity_token or used == login.basic:
                    raise self._denied(login, refusal)
                self._headers[frozenset()] = login.basic
                self._basic.set()
                return login.basic
            realm = challenge.values.get("realm", "")
            if not realm.startswith(("https://", "http://")):
                raise RegistryError(f"it sends us for a token to {realm!r}, which is no address", host=host)
            if refusal.url.startswith("https:") and realm.startswith("http:"):
                raise RegistryError(f"it wants the password sent to {realm}, which is not by TLS", host=host)
            header = "Bearer " + self._token(realm, challenge, login, scopes)
            if header == used:
                raise self._denied(login, refusal)
            self._headers[scopes] = header
            return header

    def _known(self, scopes: frozenset[str]) -> str:
        return self._headers.get(scopes) or self._headers.get(frozenset()) or ""

    def _known_login(self) -> Login | None:
        if not self._looked:
            self._login, self._looked = self._find_login(), True
        return self._login

    def _token(self, realm: str, challenge: Challenge, login: Login | None, scopes: frozenset[str]) -> str:
        host = self._transport.host
        query = [(key, challenge.values[key]) for key in ("service",) if challenge.values.get(key)]
        what = f"get a token from {origin(realm)}"
        if login and login.identity_token:
            form = [*query, ("scope", " ".join(sorted(scopes))), ("grant_type", "refresh_token")]
            form += [("client_id", _CLIENT), ("refresh_token", login.identity_token)]
            data = urllib.parse.urlencode(form).encode()
            body = Body.of(data, "application/x-www-form-urlencoded")
            answer = self._transport.request("POST", realm, {}, what=what, body=body)
        else:
            query += [("scope", scope) for scope in sorted(scopes)]
            url = realm + ("&" if "?" in realm else "?") + urllib.parse.urlencode(query)
            headers = {"Authorization": login.basic} if login else {}
            answer = self._transport.request("GET", url, headers, what=what)
        if answer.status in (401, 403):
            raise self._denied(login, answer)
        if answer.status != 200:
            raise refused(what, answer, host)
        try:
            content = json.loads(answer.body)
            token = content.get("token") or content.get("access_token")
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token:
            raise RegistryError(f"{origin(realm)} answers without a token", host=host)
        return token

    def _denied(self, login: Login | None, answer: Answer) -> RegistryError:
        host = self._transport.host
        remedy = f"log in first: docker login {host}, podman login {host} or crane auth login {host}"
        if login is None:
            problem = (
                f"it wants a login, and neither docker's nor podman's configuration has one: {answer.text}"
            )
        else:
            who = f"user {login.user}" if login.user else "the token"
            problem = f"it does not let {who} in, with what {login.source} has: {answer.text}"
        return RegistryError(problem, host=host, remedy=remedy, status=401)
