"""How is a live market of Binance put together? Streams first, questions where they fail."""

from typing import TYPE_CHECKING, NamedTuple

from engine.instruments import Instrument
from engine.market.binance_streams import TICKS, Addresses, BinanceStreams
from engine.market.doubts import Limits
from engine.market.failover import Patience, Standing
from engine.market.listening import Listener
from engine.market.live import LiveMarket, Parts
from engine.market.polling import Polling
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.timing import Timing
from engine.market.warming import Past, Warming
from engine.market.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.market.sources import Source

WEIGHT_MAX = 3_000  # a minute, of the 6,000 an address has: orders need the rest


class Settings(NamedTuple):
    """Of a live market."""

    addresses: Addresses = Addresses()
    kinds: tuple[str, ...] = TICKS
    patience: Patience = Patience()
    limits: Limits = Limits()
    weight_max: int = WEIGHT_MAX
    polls: bool = True
    past: Past | None = None  # bars asked for before anything else


def live_market(
    instruments: list[Instrument], settings: Settings, draw: "Callable[[], float]"
) -> LiveMarket:
    """A market of these instruments, numbered in this order; `draw` from [0, 1) for jitter."""
    refused, timing, wishes = Refusals(), Timing(), Wishes(settings.weight_max)
    feeds = {one.name: SymbolFeed(number, one, refused) for number, one in enumerate(instruments)}
    streams = BinanceStreams(
        Listener(feeds.values(), timing, refused),
        Standing("binance streams", settings.patience),
        wishes,
        settings.addresses,
        kinds=settings.kinds,
        draw=draw,
    )
    polling = Polling(
        feeds, Standing("binance rest", settings.patience), wishes, settings.addresses.rest, refused
    )
    sources: list[Source] = [streams, polling] if settings.polls else [streams]
    past = settings.past
    warming = Warming(feeds, wishes, settings.addresses.rest, past) if past else None
    parts = Parts(sources, feeds, timing, wishes, refused, settings.limits, warming)
    return LiveMarket(parts)
