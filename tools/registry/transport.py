"""HTTP to one registry: connections that are kept, proxies, and patience.

Answers that ask to come back later (429 and 5xx) and cut connections are tried again after a pause that
doubles each time, or is as long as Retry-After says. A host that was never reached, and a certificate that
nobody vouches for, are errors at once.
"""

from __future__ import annotations

import email.utils
import http.client
import random
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tools.registry.connections import Connections, origin
from tools.registry.problem import Answer, RegistryError

AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_REDIRECTS = 5
_MAX_BODY = 64 << 20
_CHUNK = 1 << 20
_LONG = 5.0  # seconds: a pause that somebody should hear of


@dataclass(frozen=True)
class Body:
    """What a request carries; it may be opened several times."""

    length: int
    open: Callable[[], Iterable[bytes]]
    media_type: str = "application/octet-stream"

    @staticmethod
    def of(data: bytes, media_type: str = "application/octet-stream") -> Body:
        """Bytes."""
        return Body(len(data), lambda: [data] if data else [], media_type)


class Sink:
    """Takes the body of an answer; `restart` is called before each try."""

    def restart(self) -> None:
        """Forgets what came before."""

    def write(self, data: bytes) -> None:
        """Takes more."""


@dataclass(frozen=True)
class Patience:
    """How often and how long to wait; `stop` ends all waiting, and `tell` hears of what takes long."""

    retries: int = 7
    first: float = 0.25
    longest: float = 30.0
    longest_asked: float = 300.0
    timeout: float = 300.0
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str], None] = lambda _: None

    def wait(self, seconds: float) -> None:
        """Waits, unless all is to end."""
        if self.stop.wait(seconds):
            raise KeyboardInterrupt


class Retries:
    """The tries of one request, or of one blob."""

    def __init__(self, patience: Patience, host: str, what: str) -> None:
        self._patience, self._host, self._what = patience, host, what
        self._used = 0

    def progress(self) -> None:
        """Something came through: patience starts anew."""
        self._used = 0

    def pause(self, reason: str, answer: Answer | None = None) -> None:
        """Waits before the next try; the error when there were enough."""
        if self._used >= self._patience.retries:
            raise RegistryError(
                f"can't {self._what}: {reason}, {self._used + 1} times",
                host=self._host,
                remedy="it may be overloaded or the way to it bad: run this again, it goes on where it was",
                status=answer.status if answer else 0,
            )
        delay = min(self._patience.longest, self._patience.first * 2**self._used) * random.uniform(0.75, 1.25)
        if answer and (asked := _retry_after(answer)) is not None:
            delay = min(self._patience.longest_asked, asked)
        self._used += 1
        if delay >= _LONG:
            self._patience.tell(f"{self._host}: can't {self._what}: {reason}; goes on in {delay:.0f} s")
        self._patience.wait(delay)


def _retry_after(answer: Answer) -> float | None:
    """Seconds to wait; where it says a time, by the server's own clock, which may not be ours."""
    text = answer.header("Retry-After").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    if (until := _time(text)) is None:
        return None
    now = _time(answer.header("Date"))
    return max(0.0, until - (time.time() if now is None else now))


def _time(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


class Cut(Exception):
    """A connection that ended before the answer."""


class Transport:
    """Sends requests to a registry and where it sends us.

    Args:
        host: the registry, for messages.
        context: makes the TLS context when it is needed.
        patience: how to wait.
        environ: variables that name proxies.
    """

    def __init__(
        self,
        host: str,
        context: Callable[[], ssl.SSLContext],
        patience: Patience,
        environ: Mapping[str, str],
    ) -> None:
        self.host = host
        self.patience = patience
        self._connections = Connections(context, environ, patience.timeout)
        self._reached: set[str] = set()

    def retries(self, what: str) -> Retries:
        """Tries for something."""
        return Retries(self.patience, self.host, what)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        what: str,
        body: Body | None = None,
        sink: Sink | None = None,
    ) -> Answer:
        """The answer to a request that may safely be sent twice."""
        retries = self.retries(what)
        while True:
            try:
                answer = self.once(method, url, headers, body=body, sink=sink)
            except Cut as error:
                retries.pause(str(error))
                continue
            if answer.status not in AGAIN:
                return answer
            retries.pause(answer.text, answer)

    def once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        body: Body | None = None,
        sink: Sink | None = None,
    ) -> Answer:
        """The answer to one request; redirections of reads are followed."""
        for _ in range(_MAX_REDIRECTS):
            answer = self._send(method, url, headers, body, sink)
            target = answer.header("Location")
            if answer.status not in _REDIRECTS or method not in ("GET", "HEAD") or not target:
                return answer
            new = self._joined(url, target)
            if origin(new) != origin(url):  # the login is for the registry alone
                headers = {name: value for name, value in headers.items() if name != "Authorization"}
            if urllib.parse.urlsplit(url).scheme == "https" and not new.startswith("https:"):
                raise RegistryError(f"it leads from https to {new}", host=self.host)
            url = new
        raise RegistryError(f"it leads from place to place, the last is {url}", host=self.host)

    def _joined(self, url: str, target: str) -> str:
        try:
            return urllib.parse.urljoin(url, target)
        except ValueError as error:
            raise self._astray(target, error) from None

    def _connect(self, connection: http.client.HTTPConnection, url: str) -> None:
        try:
            self._connections.connect(connection)
        except UnicodeError as error:  # a part of the host's name is empty, or too long
            raise self._astray(url, error) from None

    def _astray(self, url: str, error: ValueError) -> RegistryError:
        return RegistryError(f"{url} is no address: {error}", host=self.host)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: Body | None, sink: Sink | None
    ) -> Answer:
        place = origin(url)
        try:
            connection, target, for_proxy = self._connections.get(url)
        except ValueError as error:
            raise self._astray(url, error) from None
        sent = {"User-Agent": "pycuda", **headers, **for_proxy}
        if body is not None:
            sent["Content-Length"] = str(body.length)
            if body.length:
                sent["Content-Type"] = body.media_type
        try:
            if connection.sock is None:
                self._connect(connection, url)
            response = self._exchange(connection, method, target, sent, body)
            answer = Answer(response.status, response.headers, _read(response, sink), url)
            if response.will_close:
                self._connections.forget(place)
        except ssl.SSLCertVerificationError as error:
            raise self._distrusted(error) from None
        except (OSError, http.client.HTTPException) as error:
            self._connections.forget(place)
            self._unreachable(place, error)
            raise Cut(_reason(error)) from error
        except BaseException:  # half an answer may still be in the pipe
            self._connections.forget(place)
            raise
        self._reached.add(place)
        return answer

    @staticmethod
    def _exchange(
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: dict[str, str],
        body: Body | None,
    ) -> http.client.HTTPResponse:
        try:
            connection.request(method, target, body.open() if body else None, headers)
        except (BrokenPipeError, ConnectionResetError):
            # Who refuses a body says so before all of it has arrived, and hangs up.
            try:
                return connection.getresponse()
            except (OSError, http.client.HTTPException):
                pass
            raise
        return connection.getresponse()

    def _unreachable(self, place: str, error: Exception) -> None:
        """Ends in an error when the host is not there, rather than slow or broken."""
        if place in self._reached:
            return
        if isinstance(error, ssl.SSLError):
            raise RegistryError(
                f"it does not speak TLS as it should: {_reason(error)}",
                host=self.host,
                remedy=f"if it is meant to be without TLS, write http://{self.host}/...",
            ) from None
        # A name that is unknown, a port where nobody listens, a network that is not there.
        if isinstance(error, OSError) and not isinstance(error, ConnectionResetError | BrokenPipeError):
            raise RegistryError(
                f"can't reach {place}: {_reason(error)}",
                host=self.host,
                remedy="is it the right host, and up?",
            ) from None

    def _distrusted(self, error: ssl.SSLCertVerificationError) -> RegistryError:
        return RegistryError(
            f"its certificate is not trusted: {error.verify_message}",
            host=self.host,
            remedy=f"name its authority: --ca FILE, or put it at ~/.docker/certs.d/{self.host}/ca.crt",
        )


def _read(response: http.client.HTTPResponse, sink: Sink | None) -> bytes:
    """The body, if there is no sink for it; one of a success is an error when it ends before it should."""
    good = 200 <= response.status < 300
    promised = response.length
    if sink is None or not good:
        body = response.read(_MAX_BODY)
        if good and promised is not None:
            _check_length(len(body), min(promised, _MAX_BODY))
        return body
    sink.restart()
    got = 0
    while data := response.read(_CHUNK):
        got += len(data)
        sink.write(data)
    if promised is not None:
        _check_length(got, promised)
    return b""


def _check_length(got: int, promised: int) -> None:
    """Python itself does not mind an end in the middle where it reads by pieces, or up to a limit."""
    if got != promised:
        raise http.client.IncompleteRead(b"", promised - got)


def _reason(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected):
        return "the connection was cut"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and (reason := getattr(error, "reason", "") or error.strerror):
        return str(reason)
    return str(error) or type(error).__name__
