"""Who listens to which stream? Names of streams, and each message made once for all its hearers."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from engine.venues.exchange.spelling import encoded

Make = Callable[[int], Any]  # the unit of its times -> what is said


class Listener(Protocol):
    """Whoever hears streams; `unit` is that of the times it is told."""

    @property
    def unit(self) -> int:
        """Microseconds a unit."""

    def hear(self, stream: str, text: str) -> None:
        """One message of a stream it asked for, as JSON."""


class Name(NamedTuple):
    """A stream's name, taken apart: `ethusdt@kline_1m` is ETHUSDT, kline_1m."""

    symbol: str
    kind: str


class Listeners:
    """All who listen, by stream."""

    def __init__(self) -> None:
        self.of: dict[str, dict[Listener, None]] = {}

    def add(self, listener: Listener, stream: str) -> None:
        """It hears a stream from now on."""
        self.of.setdefault(stream, {})[listener] = None

    def remove(self, listener: Listener, stream: str) -> None:
        """It does so no longer."""
        hearers = self.of.get(stream, {})
        hearers.pop(listener, None)
        if not hearers:
            self.of.pop(stream, None)

    def say(self, stream: str, make: Make) -> None:
        """Tell those who listen to it; what is told is made only if somebody does."""
        hearers = self.of.get(stream)
        if not hearers:
            return
        texts: dict[int, str] = {}
        for listener in list(hearers):
            unit = listener.unit
            if unit not in texts:
                texts[unit] = encoded(make(unit))
            listener.hear(stream, texts[unit])


def name_of(stream: str) -> Name:
    """A stream's name taken apart."""
    symbol, _, kind = stream.partition("@")
    return Name(symbol.upper(), kind)
