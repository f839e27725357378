"""What do watchers get? The parts of the state that people look at, as bytes, put together there.

The engine only copies: a picture is cut out of the state's buffer in a few slices, and whoever
receives it reads it by the same names. Indicator windows and the simulated venue stay behind.
"""

from typing import Any

from engine.layout import View, bytes_of, size_of
from engine.state import STATE, SYMBOL

STATE_SIZE = size_of(STATE)


def offset_of(declared: Any, name: str) -> int:
    """Where a field begins in its block."""
    names = list(declared)
    return sum(size_of(declared[before]) for before in names[: names.index(name)])


def slices(symbols: int) -> list[tuple[int, int]]:
    """(begin, end) of every part that is shown, for this many symbols."""
    begin, step = offset_of(STATE, "symbols"), size_of(SYMBOL)
    quoted = offset_of(SYMBOL, "features") + size_of(SYMBOL["features"]["market"])
    held = offset_of(SYMBOL, "schedule")
    found = [(0, offset_of(STATE, "intent")), (offset_of(STATE, "orders"), begin)]
    for number in range(symbols):
        at = begin + number * step
        found += [(at, at + quoted), (at + held, at + step)]
    return found


class Camera:
    """Takes pictures of one core; the slices are worked out once for each count of symbols."""

    def __init__(self) -> None:
        self._symbols, self._slices = -1, slices(0)

    def picture(self, core: Any) -> bytes:
        """The shown parts, one after another."""
        symbols = core.state.clock.symbols
        if symbols != self._symbols:
            self._symbols, self._slices = symbols, slices(symbols)
        buffer = image_of(core)
        return b"".join([buffer[begin:end] for begin, end in self._slices])


def image_of(core: Any) -> Any:
    """The state's bytes, without a copy where the core holds them as such."""
    return core.buffer if core.native is not None else bytes_of(STATE, core.state)


def restored(picture: bytes) -> Any:
    """The state that a picture shows, what it does not show as zeros. ValueError if it is none."""
    buffer = bytearray(STATE_SIZE)
    first = slices(0)
    for begin, end in first:
        buffer[begin:end], picture = picture[: end - begin], picture[end - begin :]
    state = View(STATE, buffer)
    for begin, end in slices(state.clock.symbols)[len(first) :]:
        buffer[begin:end], picture = picture[: end - begin], picture[end - begin :]
    if len(buffer) != STATE_SIZE or picture:
        raise ValueError("not a picture of this engine's state")
    return state
