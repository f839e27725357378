"""Is another exchange's market read as the first one's is?"""

import pytest

from engine.market.fixed_shapes import ticker_in, trade_in
from engine.market.listening import Listener
from engine.market.relaying import Relay, Unusable, decimal
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.timing import Timing
from engine.messages import BookTop, TradeTick, decode
from tests.engine.market.played import ETH, MS, START_NS

E8 = 10**8
TRADE = {"id": "77", "timestamp": START_NS // MS, "price": 2683.8, "amount": 0.1, "side": "sell"}


def listener() -> Listener:
    """Of ETHUSDT."""
    refused = Refusals()
    return Listener({"ETHUSDT": SymbolFeed(0, ETH, refused)}, Timing(), refused)


def test_a_trade_and_best_prices():
    """In the exact shapes that are read quickest; floats as the decimals they stand for."""
    relay, one = Relay("ETHUSDT", START_NS), listener()

    trade, best = relay.trade(TRADE), relay.best([[2683.8, 1.5, 3]], [["2683.81", "2"]])

    assert trade_in(trade)
    assert ticker_in(best)
    assert decode(one.hear(trade, START_NS)) == TradeTick(
        0, START_NS, START_NS, 268_380, E8 // 10, 77, 1
    )
    assert decode(one.hear(best, START_NS)) == BookTop(
        0, START_NS, START_NS, 268_380, 268_381, E8 + E8 // 2, 2 * E8
    )
    assert relay.best([[2683.8, 1.5]], [[2683.81, 2.0]]) == b""


def test_numbers_grow_over_restarts():
    """Where an exchange numbers no trades, and for the updates of its book."""
    unnumbered = TRADE | {"id": "f3-9a"}
    one, first = listener(), Relay("ETHUSDT", START_NS)
    told = [first.trade(unnumbered), first.trade(unnumbered), first.best([[1, 1]], [[2, 1]])]
    assert all(one.hear(text, START_NS) for text in told)

    second = Relay("ETHUSDT", START_NS + 1_000 * MS)

    told = [second.trade(unnumbered), second.best([[1, 1]], [[2, 1]])]
    assert all(one.hear(text, START_NS) for text in told)


@pytest.mark.parametrize(
    "changes",
    [
        {"timestamp": None},
        {"side": None},
        {"price": None},
        {"price": "dear"},
        {"price": float("nan")},
        {"amount": -1},
        {"amount": 1e-9},
    ],
)
def test_what_is_no_trade_is_not_told(changes):
    """A library's gaps and infinities."""
    with pytest.raises(Unusable):
        Relay("ETHUSDT", START_NS).trade(TRADE | changes)


def test_a_book_without_a_side_is_none():
    """It quotes nothing."""
    with pytest.raises(Unusable):
        Relay("ETHUSDT", START_NS).best([[1, 1]], [])


def test_amounts_in_plain_notation():
    """Never with an exponent."""
    assert decimal(1e-7) == "0.00000010"
    assert decimal(25_000_000) == "25000000.00000000"
    assert decimal("1e3") == "1000.00000000"
