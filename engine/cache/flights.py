"""How is a value loaded once, however many want it? All of them wait for the same flight.

Whoever stops waiting ends nothing: the flight is nobody's own. What changed since a flight began
makes it overtaken: those who wait get what it brings, and nothing is kept of it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any


class Flight:
    """A key's way from below: what it brings, and whether that may be kept."""

    __slots__ = ("brings", "is_ahead", "is_overtaken", "least", "version")

    def __init__(self, version: int, *, is_ahead: bool) -> None:
        self.brings: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.brings.add_done_callback(noticed)
        self.version = version
        self.least = 0  # a version that a tier told of: what lies below of an older one is old
        self.is_ahead = is_ahead  # nobody has asked for it yet
        self.is_overtaken = False


class Flights:
    """The flights of one namespace, at most one a key that may be kept."""

    def __init__(self) -> None:
        self.under_way: dict[str, Flight] = {}
        self.shared = self.overtaken = 0  # waiters who joined; flights whose value was not kept

    def joined(self, key: str) -> Flight | None:
        """The flight that brings this key already, one more waiting for it."""
        flight = self.under_way.get(key)
        if flight is not None:
            self.shared += 1
            flight.is_ahead = False
        return flight

    def begun(self, key: str, version: int, *, is_ahead: bool = False) -> Flight:
        """A flight for a key that has none."""
        flight = self.under_way[key] = Flight(version, is_ahead=is_ahead)
        return flight

    def overtake(self, keys: Iterable[str] | None) -> None:
        """What the flights of these keys (None: all) bring is old; who asks from now waits anew."""
        for key in list(self.under_way) if keys is None else keys:
            flight = self.under_way.pop(key, None)
            if flight is not None:
                flight.is_overtaken = True
                self.overtaken += 1

    def landed(self, key: str, flight: Flight, value: Any) -> None:
        """It is over, and all who wait have what it brings."""
        self._ended(key, flight)
        if not flight.brings.done():
            flight.brings.set_result(value)

    def crashed(self, key: str, flight: Flight, error: BaseException) -> None:
        """It is over, and all who wait hear why."""
        self._ended(key, flight)
        if not flight.brings.done():
            flight.brings.set_exception(error)

    def _ended(self, key: str, flight: Flight) -> None:
        if self.under_way.get(key) is flight:  # else it was overtaken
            del self.under_way[key]


class Turns:
    """Whoever asks a source for a key waits until nobody else of this process asks for it.

    A flight that was overtaken still asks while the next one begins.
    """

    def __init__(self) -> None:
        self._asking: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """One's turn."""
        while (before := self._asking.get(key)) is not None:
            await before.wait()
        ended = self._asking[key] = asyncio.Event()
        try:
            yield
        finally:
            del self._asking[key]
            ended.set()


def noticed(brings: "asyncio.Future[Any]") -> None:
    """An error that nobody waited for is no news to the loop: whoever loads counted it."""
    if not brings.cancelled():
        brings.exception()
