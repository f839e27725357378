"""Does the engine see the market as it is: bars, trades, books, and what cannot be?"""

from typing import Any

import pytest

from engine.layout import bytes_of
from engine.messages import BarClosed, BookTop, TradeTick
from engine.state import SYMBOL
from engine.strategy.features import VOLUME_MAX
from engine.strategy.indicators import INDICATORS
from tests.builders import E8, ETHER, MINUTE, PRICE, QUICK, SECOND, Run

MANY = 1 << 61


def seen(run: Run) -> Any:
    """What the first symbol's market looks like."""
    return run.state.symbols[0].features


def trades_in(run: Run, prices: list[int], volume: int) -> None:
    """One trade a second."""
    for price in prices:
        run.trade(price, volume)


def test_a_bar_built_from_trades_is_the_bar():
    """The indicators cannot tell whether a bar came ready-made or was built."""
    built, ready = Run(), Run()
    prices = [PRICE, PRICE + 7, PRICE - 9, PRICE + 3]
    for minute in range(40):
        trades_in(built, [price + minute for price in prices], E8)
        built.now_ns += 56 * SECOND
        shape = {"open": PRICE + minute, "high": PRICE + 7 + minute, "low": PRICE - 9 + minute}
        ready.bar(PRICE + 3 + minute, volume=4 * E8, **shape)
    built.trade(PRICE, after_ns=SECOND)

    assert seen(built).indicators.bars == 40
    whole = bytes_of(INDICATORS, seen(built).indicators)
    assert whole == bytes_of(INDICATORS, seen(ready).indicators)


def test_a_heartbeat_closes_a_bar_that_nobody_ends():
    """A market that falls silent still has its bar."""
    run = Run()
    run.trade(PRICE)
    before = seen(run).indicators.bars

    run.beat(61)

    assert (before, seen(run).indicators.bars) == (0, 1)
    assert seen(run).builder.trades == 0


def test_a_late_trade_counts_in_the_bar_that_is_open():
    """Its time lies in a bar that was closed: nothing is opened again."""
    run = Run()
    run.trade(PRICE)
    run.trade(PRICE + 5, after_ns=MINUTE)
    late = TradeTick(0, run.now_ns - MINUTE, run.now_ns, PRICE - 500, E8, 1)

    run.feed(late)

    assert (seen(run).indicators.bars, seen(run).builder.trades) == (1, 2)
    assert seen(run).builder.low == PRICE - 500


def test_volume_of_a_bar_never_wraps():
    """Volumes that cannot be summed stay at the largest that can."""
    run = Run()
    trades_in(run, [PRICE] * 3, MANY)

    assert seen(run).builder.volume_e8 == VOLUME_MAX


def test_without_a_book_the_half_spread_stands_around_the_last_price():
    """Never below one tick, never above what the venue allows."""
    run = Run("features.half_spread_ticks=3")
    quotes = []
    for price in (PRICE, 2, ETHER.price_max - 1):
        run.trade(price)
        quotes.append((seen(run).market.bid, seen(run).market.ask))

    assert quotes == [(PRICE - 3, PRICE + 3), (1, 5), (ETHER.price_max - 4, ETHER.price_max)]


def test_a_book_is_believed_until_the_next_one():
    """Trades move the last price and leave the book alone."""
    run = Run()
    run.book(PRICE - 4, PRICE + 6)
    run.trade(PRICE + 2)

    market = seen(run).market
    assert (market.bid, market.ask, market.last, market.booked) == (
        PRICE - 4,
        PRICE + 6,
        PRICE + 2,
        1,
    )


def test_the_first_book_gives_a_first_price():
    """A market that shows only its book has its middle for the last price, and it moves."""
    run = Run()
    run.book(PRICE, PRICE + 1)
    run.book(PRICE + 9, PRICE + 10)

    assert seen(run).market.last == PRICE + 9


BAR = {"open": PRICE, "high": PRICE + 5, "low": PRICE - 5, "close": PRICE, "volume": E8}
TRADE = {"price": PRICE, "volume": E8, "trade_id": 1}
BOOK = {"bid": PRICE, "ask": PRICE + 1, "bid_volume": E8, "ask_volume": E8}
CANNOT_BE = [
    *[(BarClosed, BAR, change) for change in (
        {"high": PRICE - 1}, {"low": PRICE + 1}, {"low": 0}, {"low": -1}, {"open": PRICE + 6},
        {"close": PRICE - 6}, {"high": ETHER.price_max + 1}, {"volume": -1}, {"volume": MANY + 1},
        {"time_ns": -1}, {"time_ns": (1 << 62) + 1}, {"high": (1 << 63) - 1},
    )],
    *[(TradeTick, TRADE, change) for change in (
        {"price": 0}, {"price": -1}, {"price": ETHER.price_max + 1}, {"volume": -1},
        {"volume": MANY + 1}, {"time_ns": -1},
    )],
    *[(BookTop, BOOK, change) for change in (
        {"bid": 0}, {"ask": PRICE - 1}, {"ask": ETHER.price_max + 1}, {"bid_volume": -1},
        {"ask_volume": -1}, {"time_ns": -1},
    )],
    (TradeTick, TRADE, {"symbol": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "change"), CANNOT_BE)
def test_what_cannot_be_is_counted_and_changes_nothing(kind, fields, change):
    """Impossible prices, volumes, times and symbols nobody defined: as if never said."""
    run = Run(*QUICK)
    run.bar(PRICE)
    stamp = {"symbol": 0, "time_ns": run.now_ns, "received_ns": run.now_ns}
    run.feed(kind(**(stamp | fields)))
    assert run.state.clock.malformed == 0
    before = [bytes_of(SYMBOL, symbol) for symbol in run.state.symbols[:2]]

    caused = run.feed(kind(**(stamp | fields | change)))

    assert caused == []
    assert run.state.clock.malformed == 1
    assert [bytes_of(SYMBOL, symbol) for symbol in run.state.symbols[:2]] == before


def test_what_cannot_be_fills_no_order():
    """The venue does not match an old price again because somebody sent nonsense."""
    run = Run(*QUICK, "paper.latency_ns=0")
    run.warm_up()
    run.bar(PRICE + 100)
    run.bar(PRICE + 200, volume=0)
    assert run.state.orders.open == 1

    caused = run.feed(TradeTick(0, run.now_ns, run.now_ns, 0, E8, 1))

    assert caused == []
    assert run.state.orders.open == 1


def test_time_never_goes_back():
    """A record that was received earlier is taken, at the time that it already is."""
    run = Run(*QUICK)
    run.bar(PRICE)
    now_ns = run.state.clock.now_ns

    run.feed(TradeTick(0, now_ns - 9 * SECOND, now_ns - 9 * SECOND, PRICE + 5, E8, 1))

    assert run.state.clock.now_ns == now_ns
    assert seen(run).market.last == PRICE + 5
