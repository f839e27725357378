"""How is a venue asked? One visit: its answers, its clock, its limits, over REST and WebSocket."""

import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.messages import MARKET
from engine.venues.binance.clock import VenueClock
from engine.venues.binance.limits import Limits, until_of_headers
from engine.venues.binance.reading import Unreadable
from engine.venues.binance.requests import Call, rest_of, ws_text
from engine.venues.binance.signing import Key
from validators.connectivity.outcome import Failed, Skipped
from validators.connectivity.places import Venue, host_of, is_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from websockets.sync.client import ClientConnection

    from engine.venues.binance.rules import Rules

ANSWER_BYTES_MAX = 16 << 20
CLOSE_SECONDS = 1.0
SAID_MAX = 200  # letters of what another one says that are passed on
# What a code means to whoever must act on it.
HINTS = {
    "-1021": " (our clocks differ: set this machine's)",
    "-1022": " (the secret is not this key's, or of another kind)",
    "-2014": " (the key is none of this venue's)",
    "-2015": " (the key is unknown there, or not for this address, or not for this)",
}
WAIT_STATUSES = (418, 429)


class Asked(NamedTuple):
    """What a visit is to find out about."""

    symbol: str
    key: Key | None
    timeout: float  # seconds for each answer
    seconds: float  # that streams are listened to
    may_order: bool
    sends: tuple[int, ...] = (MARKET,)  # types of order that the profile sends


class Visit:
    """One venue, asked from its own process; what one check learns, later ones use."""

    def __init__(self, venue: Venue, asked: Asked) -> None:
        self.venue, self.asked = venue, asked
        self.clock, self.limits = VenueClock(), Limits()
        self.rules: Rules | None = None
        self.account: dict[str, Any] = {}
        self._client: httpx.Client | None = None

    @property
    def key(self) -> Key:
        """The key that signs; Skipped without one."""
        if self.asked.key is None:
            raise Skipped("no keys were given: --keys NAME, or --from-env")
        return self.asked.key

    def ask(self, call: Call) -> Any:
        """The answer over REST; Failed with the venue's own words when it refuses."""
        key = self.key if call.is_signed else NOBODY
        rest = rest_of(call, key, self.clock.stamp_ms(time.time_ns()))
        status, raw, headers = self._exchange(rest.verb, rest.target, rest.headers, rest.body)
        venue_ns = self.clock.venue_ns(time.time_ns())
        self.limits.learn_headers(headers, venue_ns)
        if status in WAIT_STATUSES:
            seconds = max(until_of_headers(headers, venue_ns) - venue_ns, 0) / 1e9
            raise Failed(f"asked too often (HTTP {status}): wait {seconds:.0f} s")
        told = read_json(raw, f"the answer (HTTP {status})")
        if status >= 400:
            raise Failed(refusal(told, f"HTTP {status}"))
        return told

    def time_ns(self) -> int:
        """The venue's time now, in ns, as far as its clock is known."""
        return self.clock.venue_ns(time.time_ns())

    def _exchange(
        self, verb: str, target: str, headers: tuple[tuple[str, str], ...], body: str
    ) -> tuple[int, bytes, dict[str, str]]:
        import httpx

        url = self.venue.rest.rstrip("/") + target
        end, raw = time.monotonic() + 2 * self.asked.timeout, b""
        try:
            with self.client().stream(verb, url, headers=headers, content=body or None) as answer:
                for part in answer.iter_bytes():
                    raw += part
                    if len(raw) > ANSWER_BYTES_MAX or time.monotonic() > end:
                        raise Failed(f"{host_of(url)} does not come to an end")
                return answer.status_code, raw, dict(answer.headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise unreached(url, error) from error

    def client(self) -> "httpx.Client":
        """The connections over REST."""
        if self._client is None:
            self._client = client_of(self.venue.rest, self.asked.timeout)
        return self._client

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.close()

    @contextmanager
    def socket(self, url: str) -> "Iterator[Socket]":
        """A WebSocket there, closed afterwards; Failed when it does not open."""
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        try:
            opened = connect(
                url, open_timeout=self.asked.timeout, close_timeout=CLOSE_SECONDS,
                proxy=None if is_here(url) else True, max_size=ANSWER_BYTES_MAX, logger=silent(),
            )  # fmt: skip
        except (OSError, WebSocketException) as error:
            raise unreached(url, error) from error
        with opened:
            yield Socket(opened, url, self.asked.timeout)

    def call(self, socket: "Socket", call: Call, id_: str) -> Any:
        """The result of a call of the WebSocket API; Failed with the venue's words."""
        key = self.key if call.is_signed else NOBODY
        socket.send(ws_text(call, id_, key, self.clock.stamp_ms(time.time_ns())))
        end = time.monotonic() + self.asked.timeout
        while (left := end - time.monotonic()) > 0:
            told = read_json(socket.hear(left), "the WebSocket API")
            if isinstance(told, dict) and told.get("id") == id_:
                if told.get("status") != 200:
                    raise Failed(refusal(told.get("error"), f"status {told.get('status')}"))
                self._learn(told.get("rateLimits", []))
                return told.get("result")
        raise Failed(f"{host_of(socket.url)} did not answer {call.method}")

    def _learn(self, told: object) -> None:
        try:
            self.limits.learn(told, self.time_ns())
        except Unreadable as error:
            raise Failed(f"its rate limits cannot be read: {error}") from error


class Socket(NamedTuple):
    """An open WebSocket, where it leads and how long it is waited for."""

    connection: "ClientConnection"
    url: str
    timeout: float

    def send(self, text: str) -> None:
        """Send a message; Failed when the other side is gone."""
        from websockets.exceptions import WebSocketException

        try:
            self.connection.send(text)
        except (OSError, WebSocketException) as error:
            raise unreached(self.url, error) from error

    def hear(self, seconds: float) -> bytes:
        """The next message; Failed when none comes in this time, or the other side is gone."""
        from websockets.exceptions import WebSocketException

        try:
            message = self.connection.recv(timeout=seconds)
        except TimeoutError as error:
            raise Failed(f"{host_of(self.url)} said nothing for {seconds:.1f} s") from error
        except (OSError, WebSocketException) as error:
            raise unreached(self.url, error) from error
        return message.encode() if isinstance(message, str) else message


class Nobody:
    """Signs nothing: for calls that need no key."""

    id = ""

    def sign(self, payload: bytes) -> str:
        """Nothing."""
        del payload
        return ""


NOBODY = Nobody()


def silent() -> logging.Logger:
    """A logger that says nothing: the library would print its own errors, tracebacks included."""
    quiet = logging.getLogger("supreme.connectivity")
    quiet.disabled = True
    return quiet


def client_of(url: str, timeout: float) -> "httpx.Client":
    """An HTTP client; a proxy of the environment is for addresses elsewhere."""
    import httpx

    return httpx.Client(timeout=timeout, trust_env=not is_here(url))


def read_json(raw: bytes, whose: str) -> Any:
    """The JSON of an answer; Failed for what is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        said = printable(raw[:40].decode(errors="replace"))
        raise Failed(f"{whose} is no JSON: {said!r}; is it a venue?") from error


def refusal(told: object, otherwise: str) -> str:
    """What a venue says when it refuses: its code and its words."""
    if not isinstance(told, dict) or "code" not in told:
        return otherwise
    said = printable(f"{told['code']} {told.get('msg', '')}")[:SAID_MAX]
    return said + HINTS.get(str(told["code"]), "")


def unreached(url: str, error: Exception) -> Failed:
    """How an address that is not reached is told."""
    said = printable(str(error).partition("\n")[0])[:SAID_MAX] or type(error).__name__
    return Failed(f"{host_of(url)} is not reached: {said}")


def printable(text: str) -> str:
    """The text without what could steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
