"""Where does the venue's market come from? A seeded simulation, or a recording played again."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile

from engine.errors import Refused
from engine.instruments import Instrument
from engine.instruments_file import instrument
from engine.market.book import Book, Levels, Side, Snapshot, Update
from engine.market.exchange_lines import Trade
from engine.market.simulated import PRICES, market_of
from engine.market.tapes import Message, Tape
from engine.messages import BUYER_IS_MAKER, decode
from engine.venues.exchange.house import House
from engine.venues.exchange.market.makers import Makers, Prices, live_through
from engine.venues.exchange.market.replaying import Deal, Recorded, Replay
from engine.venues.exchange.matching.symbols import rules_of
from engine.venues.exchange.matching.words import Rules

E8 = 100_000_000
MINUTE_US = 60_000_000
PAST_MINUTES = 61  # an hour of closed bars, and the minute that runs
TIMES_PRICE_MAX, PART_OF_PRICE_MIN = 5 * E8, E8 // 5  # of the average: where orders may stand
NOTIONAL_MAX_E8 = 9_000_000 * E8


def traded(names: list[str], now_us: int, path: str = "") -> list[Instrument]:
    """Today's filters of symbols; Refused for one that is unknown or has no price to begin at."""
    today = datetime.fromtimestamp(now_us / 1e6, UTC).date()
    found = [instrument(name.upper(), today, path or None) for name in dict.fromkeys(names)]
    for one in found:
        if one.base not in PRICES or one.name.endswith("-PERP"):
            raise Refused(f"{one.name} is not traded here.", "Choose spot symbols such as ETHUSDT.")
    return found


def rules_for(one: Instrument) -> Rules:
    """A symbol's rules, with Binance's usual bounds around the average price."""
    return rules_of(one)._replace(
        notional_max_e8=NOTIONAL_MAX_E8,
        bid_up_e8=TIMES_PRICE_MAX,
        bid_down_e8=PART_OF_PRICE_MIN,
        ask_up_e8=TIMES_PRICE_MAX,
        ask_down_e8=PART_OF_PRICE_MIN,
    )


def past_of(now_us: int) -> int:
    """When the market began, a whole minute."""
    return now_us - now_us % MINUTE_US - PAST_MINUTES * MINUTE_US


def prices_of(one: Instrument, seed: int, since_us: int) -> Prices:
    """The price's way from a time on."""
    market = market_of(one, seed, since_us * 1000)
    for record in market.trades():
        told = decode(record)
        yield told.time_ns // 1000, told.price * one.tick_e8


def simulated(house: House, symbols: list[Instrument], seed: int) -> list[Makers]:
    """Makers of every symbol, an hour old."""
    now_us = house.clock()
    since_us = past_of(now_us)
    makers = [
        Makers(house.exchange, house.rules[one.name], prices_of(one, seed, since_us), seed)
        for one in symbols
    ]
    live_through(makers, since_us, now_us, house.settle)
    return makers


def recorded(house: House, one: Instrument, seed: int, path: str) -> Replay:
    """The recorded market of a symbol, after an hour of a simulated one that led to its price."""
    first = next(told(path, one), None)
    if first is None:
        raise Refused(f"{path} holds no book of {one.name}.", "Give a recording with its depth.")
    now_us = house.clock()
    since_us, aim = past_of(now_us), middle_of(first)
    way = list(takewhile(lambda row: row[0] < now_us, prices_of(one, seed, since_us)))
    last, tick = way[-1][1], one.tick_e8
    bent = ((at_us, price * aim // last // tick * tick) for at_us, price in way)
    makers = Makers(house.exchange, house.rules[one.name], bent, seed)
    live_through([makers], since_us, now_us, house.settle)
    makers.retire(now_us)
    replay = Replay(house.exchange, house.rules[one.name], again(path, one, now_us))
    replay.step(now_us)
    house.settle()
    return replay


def middle_of(first: Recorded | Deal) -> int:
    """The price a recording begins at."""
    if isinstance(first, Deal):
        return first.price_e8
    return (max(first.bids)[0] + min(first.asks)[0]) // 2


def again(path: str, one: Instrument, begins_us: int) -> Iterator[Recorded | Deal]:
    """A recording over and over, each time from its beginning."""
    while True:
        first_us = last_us = 0
        for said in told(path, one):
            first_us = first_us or said.at_us
            last_us = said.at_us
            yield said._replace(at_us=begins_us + said.at_us - first_us)
        begins_us += max(last_us - first_us, MINUTE_US // 60)


def told(path: str, one: Instrument) -> Iterator[Recorded | Deal]:
    """What a recording tells of a symbol, from the first moment at which its book is whole."""
    if not os.path.isfile(path):
        raise Refused(f"There is no file {path}.", "Give a recording of an exchange's messages.")
    book = Book()
    for message in Tape(0, path, lambda _: None).messages():
        if message.heard.symbol == one.name:
            yield from said_in(message, book)


def said_in(message: Message, book: Book) -> Iterator[Recorded | Deal]:
    """What one message tells."""
    said, at_us = message.heard.said, message.heard.received_ns // 1000
    was_in_step, before = book.in_step, book.last
    if isinstance(said, Snapshot):
        book.restore(said)
    elif isinstance(said, Update):
        book.take(said)
    elif isinstance(said, Trade) and not said.is_aggregate and book.in_step:
        yield Deal(at_us, said.price, said.volume, bool(said.flags & BUYER_IS_MAKER))
    if book.in_step and book.last != before:
        if was_in_step and isinstance(said, Update):
            yield Recorded(at_us, said.bids, said.asks, is_whole=False)
        else:
            yield Recorded(at_us, whole(book.bids), whole(book.asks), is_whole=True)


def whole(side: Side) -> Levels:
    """All levels of one side."""
    return list(side.volumes.items())
