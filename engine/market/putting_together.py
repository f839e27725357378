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

RELAYED = ("trade", "bookTicker")  # what other exchanges have in common
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
    relays: tuple[tuple[str, str], ...] = ()  # other exchanges' names and ws:// addresses, in order


def live_market(
    instruments: list[Instrument], settings: Settings, draw: "Callable[[], float]"
) -> LiveMarket:
    """A market of these instruments, numbered in this order; `draw` from [0, 1) for jitter."""
    refused, timing, wishes = Refusals(), Timing(), Wishes(settings.weight_max)
    feeds, rest = feeds_of(instruments, refused), settings.addresses.rest

    def streams(
        of: dict[str, SymbolFeed], name: str, addresses: Addresses, kinds: tuple[str, ...]
    ) -> BinanceStreams:
        listener, standing = Listener(of, timing, refused), Standing(name, settings.patience)
        return BinanceStreams(listener, standing, wishes, addresses, kinds=kinds, draw=draw)

    sources: list[Source] = [streams(feeds, "binance streams", settings.addresses, settings.kinds)]
    if settings.polls:
        standing = Standing("binance rest", settings.patience)
        sources.append(Polling(feeds, standing, wishes, rest, refused))
    for name, url in settings.relays:
        at = Addresses(url, url.replace("ws", "http", 1))
        sources.append(streams(feeds_of(instruments, refused), name, at, RELAYED))
    past = settings.past
    warming = Warming(feeds, wishes, rest, past) if past else None
    return LiveMarket(Parts(sources, feeds, timing, wishes, refused, settings.limits, warming))


def feeds_of(instruments: list[Instrument], refused: Refusals) -> dict[str, SymbolFeed]:
    """One exchange's way to the engine, by symbol."""
    return {one.name: SymbolFeed(number, one, refused) for number, one in enumerate(instruments)}
