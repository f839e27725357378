"""Does everybody trade with whom price and time say?

Against a matcher that knows nothing but the rules.
"""

from random import Random

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching.words import (
    BUY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    SELL,
    STP_MODES,
    NewOrder,
    Traded,
    VenueRefusal,
)
from tests.engine.venues.exchange.desk import Desk
from tests.engine.venues.exchange.slow_matcher import Met, SlowMatcher

PRICES = range(95, 106)  # few, so that time decides often


def wish(draw: Random) -> NewOrder:
    """An order near the middle of a narrow market."""
    order_type = draw.choice((LIMIT, LIMIT, LIMIT, MARKET, LIMIT_MAKER))
    side = draw.choice((BUY, SELL))
    lean = -2 if side == BUY else 2
    return NewOrder(
        symbol="BTCUSDT",
        side=side,
        type=order_type,
        quantity_e8=draw.randint(1, 30) * E8 // 10,
        price_e8=0 if order_type == MARKET else (draw.choice(PRICES) + lean) * E8,
        time_in_force=draw.choice((GTC, GTC, GTC, IOC, FOK)) if order_type == LIMIT else GTC,
        stp_mode=draw.choice(STP_MODES),
    )


@pytest.mark.parametrize("seed", range(8))
def test_trades_and_queues_are_those_of_the_slow_matcher(seed):
    """Each trade's two orders, price and quantity, and who stands where after each order."""
    draw, desk, slow = Random(seed), Desk(), SlowMatcher()
    accounts = [desk.account({"BTC": 10**6 * E8, "USDT": 10**9 * E8}) for _ in range(5)]
    trades = 0
    for _ in range(600):
        owner = draw.randrange(len(accounts))
        if draw.random() < 0.15 and (open_ := desk.exchange.open_orders(accounts[owner])):
            order = draw.choice(open_)
            desk.cancel(accounts[owner], order)
            slow.cancel(order.id)
        else:
            asked = wish(draw)
            expected = slow.place(owner, asked)
            assert met(desk, accounts[owner], asked) == expected
            trades += len(expected)
        assert queue(desk, BUY) == slow.queue(BUY)
        assert queue(desk, SELL) == slow.queue(SELL)

    assert trades > 100


def met(desk: Desk, account, asked: NewOrder) -> list[Met]:
    """The trades an order makes on the exchange; one that is refused makes none."""
    desk.heard()
    try:
        desk.exchange.place(account, asked, desk.tick())
    except VenueRefusal:
        return []
    trades = [event for event in desk.heard() if isinstance(event, Traded)]
    return [
        Met(
            min(trade.buyer_order_id, trade.seller_order_id),
            max(trade.buyer_order_id, trade.seller_order_id),
            trade.price_e8,
            trade.quantity_e8,
        )
        for trade in trades
    ]


def queue(desk: Desk, side: str) -> list[tuple[int, int, int]]:
    """(price, id, left) of a side of the exchange's book, in the order of trading."""
    levels = desk.book.bids if side == BUY else desk.book.asks
    return [
        (level.price_e8, order.id, order.left_e8)
        for level in levels
        for order in level.orders.values()
    ]
