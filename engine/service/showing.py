"""How does it stand now, and what did the newest bar say? The fold, in words for whoever reads.

The fold is the follower's: it alone looks. To copy what is shown takes it a few microseconds, to
put it into words hundreds of times as long: that is what the cache saves where many read.
"""

import zlib
from collections.abc import Callable, Mapping
from functools import partial
from json import dumps
from typing import Any, NamedTuple

from engine.cache.namespace import Lasting
from engine.camera import Camera, image_of, offset_of, restored
from engine.errors import Refused
from engine.layout import View, fill, fresh, size_of
from engine.picture import curve_of, picture
from engine.preview import number_of, said_of, values_of
from engine.service.folding import Fold
from engine.snapshot import Snapshot
from engine.state import STATE, SYMBOL
from engine.strategy.agents.registry import INTENT, OWN, PARAMETERS, propose
from engine.strategy.indicators import INDICATORS

NS_S, NS_MS = 1_000_000_000, 1_000_000
LEAST_MS = 1_000  # of a signal whose next bar is late
SYMBOLS_AT, SYMBOL_SIZE = offset_of(STATE, "symbols"), size_of(SYMBOL)
INDICATORS_AT = offset_of(SYMBOL, "features") + offset_of(SYMBOL["features"], "indicators")
AGENTS_AT = offset_of(SYMBOL, "agents")
STRATEGY_AT = offset_of(STATE, "parameters") + offset_of(STATE["parameters"], "strategy")


class Bar(NamedTuple):
    """A symbol's newest closed bar, and the bytes that an agent would decide it from."""

    market: str
    symbol: str
    seconds: int
    bars: int  # closed since the engine knows the symbol
    open_ns: int  # when it began
    now_ns: int  # the market's time
    raw: tuple[bytes, bytes, bytes]  # the agents' own, their parameters, the indicators


class Showing:
    """Looks at the fold for readers, in the follower's thread; `fold` gives None without one."""

    def __init__(self, fold: Callable[[], Fold | None]) -> None:
        self._fold, self._camera = fold, Camera()

    def snapshot(self) -> bytes:
        """The state and the curve of equity as JSON; money as text, rows by name."""
        fold = self._there()
        names, state = names_in(fold.kept.names), restored(self._camera.picture(fold.core))
        said = {
            "market": fold.kept.label,
            "names": names,
            "sequence": fold.sequence,
            "snapshot": plain(picture(state, names)),
            "curve": curve_of(state)._asdict(),
        }
        return dumps(said).encode()

    def signal(self, asked: Mapping[str, Any]) -> tuple[str, Callable[[], Lasting[bytes]]]:
        """The key of a symbol's newest bar, and how its signal is worked out.

        Whatever the decision hangs on stands in the key: no reader gets that of an older bar, or of
        other parameters. Refused where there is no such symbol, or no bars of that length.
        """
        bar = self._bar(str(asked["symbol"]), int(asked.get("interval") or 0))
        inputs = zlib.crc32(b"".join((*bar.raw, bar.market.encode())))
        key = f"{bar.symbol}:{bar.seconds}:{bar.open_ns // NS_S}:{inputs:08x}"
        return key, partial(signal_of, bar)

    def _bar(self, symbol: str, seconds: int) -> Bar:
        fold = self._there()
        names = names_in(fold.kept.names)
        number, state = number_of(symbol, names), fold.core.state
        own_seconds = state.parameters.features.bar_seconds
        if seconds not in (0, own_seconds):
            why = f"this engine builds bars of {own_seconds} s, none of {seconds} s"
            raise Refused(why, f"ask with --interval {own_seconds}")
        image, at = image_of(fold.core), SYMBOLS_AT + number * SYMBOL_SIZE
        features = state.symbols[number].features
        raw = (
            bytes(image[at + AGENTS_AT : at + AGENTS_AT + size_of(OWN)]),
            bytes(image[STRATEGY_AT : STRATEGY_AT + size_of(PARAMETERS)]),
            bytes(image[at + INDICATORS_AT : at + INDICATORS_AT + size_of(INDICATORS)]),
        )
        bars, open_ns = features.indicators.bars, features.bar.open_time_ns
        times = bars, open_ns, state.clock.now_ns
        return Bar(fold.kept.label, names[number], own_seconds, *times, raw)

    def _there(self) -> Fold:
        fold = self._fold()
        if fold is None or not fold.kept.names:
            raise Refused("no journal is read yet", "repeat this in a moment", code=3)
        return fold


def names_in(kept: Mapping[int, str]) -> list[str]:
    """The symbols' names in the order of their numbers."""
    return [kept.get(number, str(number)) for number in range(max(kept, default=-1) + 1)]


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot with its rows as JSON has them."""
    return {
        name: [row._asdict() for row in value] if isinstance(value, list) else value
        for name, value in snapshot._asdict().items()
    }


def signal_of(bar: Bar) -> Lasting[bytes]:
    """What the chosen agent makes of a closed bar, believed until the next one closes."""
    own, intent = fresh(OWN), fresh(INTENT)
    fill(OWN, own, bar.raw[0])
    indicators = View(INDICATORS, bar.raw[2])
    propose(own, View(PARAMETERS, bar.raw[1]), indicators, intent)
    closes_ns = bar.open_ns + 2 * bar.seconds * NS_S if bar.bars else 0
    said = {
        "market": bar.market,
        "symbol": bar.symbol,
        "interval": bar.seconds,
        **said_of(intent),
        "bars": bar.bars,
        "bar_time_ns": bar.open_ns,
        "next_bar_ns": closes_ns,
        "indicators": values_of(indicators),
    }
    left_ms = (closes_ns - bar.now_ns) // NS_MS
    return Lasting(dumps(said).encode(), max(left_ms, LEAST_MS))
