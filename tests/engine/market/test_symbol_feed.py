"""Does each trade and top of a symbol pass once, and only if it can be?"""

from hypothesis import given
from hypothesis import strategies as st

from engine.market.exchange_lines import Trade
from engine.market.symbol_feed import MISSING_MAX, Ids, Refusals, SymbolFeed
from engine.messages import BarClosed, BookTop, TradeTick, decode
from tests.engine.market.played import ETH

E8 = 10**8


def feed() -> SymbolFeed:
    """Symbol 3."""
    return SymbolFeed(3, ETH, Refusals())


def trade(number: int, price: int = 2_683_80) -> Trade:
    """Half an ether, price in ticks of 0.01."""
    return Trade(number, price * 10**6, E8 // 2, 1, is_aggregate=False)


def test_a_trade_once():
    """Told twice it is fed once; told late it is fed late."""
    one = feed()

    record = one.trade(trade(7), 5, 9)

    assert decode(record) == TradeTick(3, 5, 9, 268_380, E8 // 2, 7, 1)
    assert one.trade(trade(7), 5, 10) == b""
    assert one.trade(trade(9), 5, 11)
    assert list(one.trades.missing) == [8]
    assert decode(one.trade(trade(8), 5, 12)).trade_id == 8
    assert (one.trades.missing, one.trades.repeated) == ({}, 1)


def test_trades_and_aggregates_of_them_are_not_mixed():
    """What is told first is fed: their ids are others, and each would count twice."""
    one = feed()
    whole = trade(70)._replace(is_aggregate=True)

    assert one.trade(trade(70), 5, 9)
    assert one.trade(whole._replace(trade_id=71), 5, 9) == b""
    assert one.refused == {"told in another kind": 1}
    two = feed()
    assert two.trade(whole, 5, 9)
    assert two.trade(trade(71), 5, 9) == b""


def test_a_top_only_if_it_is_newer():
    """By the update of the book it stands at, from whichever stream."""
    one = feed()

    assert decode(one.top(5, (200 * E8, 201 * E8, E8, 2 * E8), 1, 2)) == BookTop(
        3, 1, 2, 20_000, 20_100, E8, 2 * E8
    )
    assert one.top(5, (200 * E8, 202 * E8, E8, E8), 1, 3) == b""
    assert one.top(4, (200 * E8, 202 * E8, E8, E8), 1, 3) == b""
    assert one.book_top(7, (200 * E8, 201 * E8, E8, 2 * E8), 1, 4) == b""
    assert (one.top_update, one.top_ns) == (7, 4)
    assert one.book_top(8, (200 * E8, 201 * E8, E8, E8), 1, 4)
    assert one.book_top(8, (200 * E8, 201 * E8, E8, 3 * E8), 1, 4) == b""


def test_what_lies_between_two_ticks_is_refused_and_counted():
    """As is what no market shows: a crossed book, a price of nothing or beyond the bounds."""
    one = feed()

    assert one.trade(trade(1)._replace(price=268_380_500_000), 1, 2) == b""
    assert one.top(1, (268_380_500_000, 268_390_000_000, 1, 1), 1, 2) == b""
    assert one.bar(1, 2, (E8, E8 + 1, E8, E8, 0)) == b""
    assert one.refused == {"off the tick": 3}
    assert one.trade(trade(2, 0), 1, 2) == b""
    assert one.trade(trade(3, 10**9), 1, 2) == b""
    assert one.top(2, (201 * E8, 200 * E8, 1, 1), 1, 2) == b""
    assert one.top(3, (0, 200 * E8, 1, 1), 1, 2) == b""
    assert one.bar(1, 2, (E8, E8, 2 * E8, E8, 0)) == b""
    assert one.refused == {"off the tick": 3, "impossible": 5}
    assert one.top(1, (199 * E8, 200 * E8, 1, 1), 1, 2)


def test_a_bar_once():
    """In order of its beginning."""
    one = feed()

    assert decode(one.bar(60, 120, (2 * E8, 4 * E8, E8, 3 * E8, 5))) == BarClosed(
        3, 60, 120, 200, 400, 100, 300, 5
    )
    assert one.bar(60, 120, (2 * E8, 4 * E8, E8, 3 * E8, 5)) == b""


def test_an_exchange_that_numbers_anew_is_heard():
    """A paper one that was started again: its ids fall back, its time goes on."""
    one = feed()
    assert one.trade(trade(700), 50 * E8, 1)
    assert one.top(900, (200 * E8, 201 * E8, E8, E8), 1, 2)
    assert one.trade(trade(699), 50 * E8 + 10 * E8, 2) == b""

    assert one.trade(trade(3), 50 * E8 + 10 * E8 + 1, 3)

    assert one.renumbered == 1
    assert one.trade(trade(3), 50 * E8 + 10 * E8 + 1, 4) == b""
    assert one.trade(trade(4), 50 * E8, 4)
    assert one.top(5, (200 * E8, 201 * E8, E8, E8), 1, 5)


def test_what_is_missing_is_bounded():
    """The oldest are given up, and counted."""
    ids = Ids()
    ids.is_new(0)

    ids.is_new(MISSING_MAX + 11)

    assert (len(ids.missing), ids.given_up) == (MISSING_MAX, 10)
    ids.is_new(MISSING_MAX + 14)
    assert (len(ids.missing), ids.given_up, min(ids.missing)) == (MISSING_MAX, 12, 13)
    ids.give_up(13)
    assert (len(ids.missing), ids.given_up) == (MISSING_MAX - 1, 13)
    ids.give_up(MISSING_MAX + 20)
    assert (len(ids.missing), ids.given_up) == (0, MISSING_MAX + 12)
    assert not ids.is_new(MISSING_MAX)


@given(st.lists(st.integers(0, 60), max_size=200))
def test_ids_are_those_of_a_plain_set(numbers):
    """Of all after the first one; what lies before it was not asked for."""
    ids = Ids()
    told: set[int] = set()

    for number in numbers:
        expected = number not in told and number > min(told, default=-1)
        assert ids.is_new(number) is expected
        told |= {number} if expected else set()

    if told:
        assert set(ids.missing) == set(range(min(told), max(told) + 1)) - told
