"""Do orders that wait for a price wake at it, and enter the book like any other?"""

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching.words import VenueRefusal
from tests.engine.venues.exchange.desk import FREE, Desk, done, has

RULES = FREE._replace(algo_orders_max=100)


def traded_at(price: float) -> Desk:
    """A symbol that traded at a price."""
    desk = Desk(RULES)
    trade(desk, price)
    return desk


def trade(desk: Desk, price: float) -> None:
    """Two others trade a little at a price."""
    one, other = desk.account(), desk.account()
    desk.place(one, f"SELL LIMIT 0.001 at {price}")
    desk.place(other, f"BUY LIMIT 0.001 at {price}")


@pytest.mark.parametrize(
    ("words", "before", "at"),
    [
        ("SELL STOP_LOSS 1 stop 90", 90.01, 90),
        ("BUY STOP_LOSS 1 stop 110", 109.99, 110),
        ("SELL TAKE_PROFIT 1 stop 110", 109.99, 110),
        ("BUY TAKE_PROFIT 1 stop 90", 90.01, 90),
        ("SELL STOP_LOSS_LIMIT 1 at 80 stop 90", 90.01, 90),
        ("BUY STOP_LOSS_LIMIT 1 at 120 stop 110", 109.99, 110),
        ("SELL TAKE_PROFIT_LIMIT 1 at 80 stop 110", 109.99, 110),
        ("BUY TAKE_PROFIT_LIMIT 1 at 120 stop 90", 90.01, 90),
    ],
)
def test_an_order_wakes_when_the_price_is_traded(words, before, at):
    """Not before; a trade at the very price is enough. Then it takes what the book has."""
    desk = traded_at(100)
    order = desk.place(desk.a, words)
    trade(desk, before)
    assert (order.is_waiting, order.status, order.working_us) == (True, "NEW", -1)
    desk.place(desk.b, "SELL LIMIT 1 at 111")
    desk.place(desk.b, "BUY LIMIT 1 at 89")

    trade(desk, at)

    assert (order.is_waiting, order.working_us) == (False, desk.now_us)
    assert done(order) == ("FILLED", 1, 111 if order.is_buy else 89)


@pytest.mark.parametrize(
    "words",
    [
        "SELL STOP_LOSS 1 stop 100",
        "BUY STOP_LOSS 1 stop 100",
        "SELL TAKE_PROFIT 1 stop 100",
        "BUY TAKE_PROFIT 1 stop 100",
    ],
)
def test_an_order_that_would_wake_at_once_is_refused(words):
    """Also where the stop price is the last one itself."""
    desk = traded_at(100)

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.a, words)

    assert refused.value.args == (-2010, "Order would trigger immediately.")


def test_a_waiting_order_is_on_no_book_but_locks():
    """Its balance is spoken for, the public does not see it."""
    desk = traded_at(100)

    desk.place(desk.a, "SELL STOP_LOSS_LIMIT 2 at 80 stop 90")
    desk.place(desk.a, "BUY STOP_LOSS 2 stop 110")

    assert desk.levels() == ([], [])
    assert (has(desk.a, "BTC"), has(desk.a, "USDT")) == ((998, 2), (999_780, 220))


def test_a_waiting_order_can_be_canceled():
    """It frees what it locked, and wakes no more."""
    desk = traded_at(100)
    order, other = (desk.place(desk.a, "SELL STOP_LOSS 2 stop 90") for _ in range(2))

    desk.cancel(desk.a, order)
    trade(desk, 90)

    assert (order.status, other.status) == ("CANCELED", "EXPIRED")  # nobody bought the other's
    assert has(desk.a, "BTC") == (1_000, 0)


def test_a_woken_limit_order_rests_at_its_price():
    """What the book does not take of it stays."""
    desk = traded_at(100)
    desk.place(desk.a, "SELL STOP_LOSS_LIMIT 2 at 95 stop 90")

    trade(desk, 90)

    assert desk.levels() == ([], [(95, 2)])


def test_one_waking_order_can_wake_the_next():
    """A cascade: each sells into lower bids, whose trades reach the next stop price."""
    desk = traded_at(100)
    for price in (94, 92, 89):
        desk.place(desk.b, f"BUY LIMIT 1 at {price}")
    orders = [desk.place(desk.a, f"SELL STOP_LOSS 1 stop {stop}") for stop in (95, 93, 91)]

    desk.place(desk.b, "SELL LIMIT 0.5 at 94")

    assert [done(order)[2] for order in orders] == [0.5 * 94 + 0.5 * 92, 0.5 * 92 + 0.5 * 89, 44.5]
    assert [order.status for order in orders] == ["FILLED", "FILLED", "EXPIRED"]


def test_orders_that_wake_together_go_nearest_price_first():
    """Of one price the earlier goes first."""
    desk = traded_at(100)
    desk.place(desk.b, "BUY LIMIT 3 at 80")
    far = desk.place(desk.a, "SELL STOP_LOSS 1 stop 85")
    near, later = (desk.place(desk.a, "SELL STOP_LOSS 1 stop 95") for _ in range(2))

    desk.place(desk.b, "SELL LIMIT 0.5 at 80")

    trades = [fill.order_id for fill in desk.exchange.fills(desk.a, "BTCUSDT")]
    assert trades == [near.id, later.id, far.id]
    assert done(far) == ("EXPIRED", 0.5, 40)


def test_a_market_beyond_what_was_locked_expires_the_order():
    """A stop that buys locks its stop price; when the book asks more than there is, it ends."""
    desk = traded_at(100)
    poor = desk.account({"USDT": 110 * E8})
    order = desk.place(poor, "BUY STOP_LOSS 1 stop 110")
    desk.place(desk.b, "SELL LIMIT 5 at 130")

    trade(desk, 110)

    assert (order.status, order.expiry_reason) == ("EXPIRED", "REJECTED")
    assert has(poor, "USDT") == (110, 0)
