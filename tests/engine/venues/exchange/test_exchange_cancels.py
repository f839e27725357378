"""Does an order end, shrink and make room as its owner says, and under which names?"""

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching.words import VenueRefusal, Which
from tests.engine.venues.exchange.desk import FREE, Desk, asked, done, has

UNKNOWN = (-2011, "Unknown order sent.")
WOULD_MATCH = (-2010, "Order would immediately match and take.")


def test_a_cancel_frees_what_the_order_still_locked():
    """What it traded stays traded."""
    desk = Desk()
    order = desk.place(desk.a, "BUY LIMIT 2 at 100")
    desk.place(desk.b, "SELL LIMIT 0.5 at 100")

    assert desk.cancel(desk.a, order) is order

    assert done(order) == ("CANCELED", 0.5, 50)
    assert has(desk.a, "USDT") == (999_950, 0)
    assert desk.levels() == ([], [])


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({"order_id": 2}, UNKNOWN),
        ({"client_id": "other"}, UNKNOWN),
        ({"order_id": 1, "client_id": "other"}, UNKNOWN),
        ({}, (-2011, "Cancel order is invalid. Check origClOrdId and orderId.")),
        (
            {"order_id": 1, "only": "ONLY_PARTIALLY_FILLED"},
            (-2011, "Order was not canceled due to cancel restrictions."),
        ),
        ({"order_id": 1, "client_id": "mine"}, None),
        ({"client_id": "mine", "only": "ONLY_NEW"}, None),
    ],
)
def test_a_cancel_must_mean_an_open_order(which, expected):
    """By id, by client id, or by both if they agree."""
    desk = Desk()
    order = desk.place(desk.a, "BUY LIMIT 2 at 100", client_id="mine")

    said = None
    try:
        desk.exchange.cancel(desk.a, Which("BTCUSDT", **which), desk.tick())
    except VenueRefusal as refused:
        said = refused.args

    assert said == expected
    assert order.is_open == (expected is not None)


def test_only_its_own_orders_can_be_canceled_and_only_once():
    """Another account's id means nothing, and neither does that of an order that is over."""
    desk = Desk()
    order = desk.place(desk.a, "BUY LIMIT 2 at 100")

    with pytest.raises(VenueRefusal) as foreign:
        desk.cancel(desk.b, order)
    desk.cancel(desk.a, order)
    with pytest.raises(VenueRefusal) as again:
        desk.cancel(desk.a, order)

    assert foreign.value.args == again.value.args == UNKNOWN


def test_all_open_orders_of_a_symbol_are_canceled_together():
    """Waiting ones too; with none there the request is refused."""
    desk = Desk()
    words = ("BUY LIMIT 2 at 100", "SELL LIMIT 1 at 120", "SELL STOP_LOSS 1 stop 90")
    placed = [desk.place(desk.a, each) for each in words]

    assert desk.exchange.cancel_all(desk.a, "BTCUSDT", desk.tick()) == placed
    assert (has(desk.a, "USDT"), has(desk.a, "BTC")) == ((1_000_000, 0), (1_000, 0))
    with pytest.raises(VenueRefusal) as refused:
        desk.exchange.cancel_all(desk.a, "BTCUSDT", desk.tick())

    assert refused.value.args == UNKNOWN


def test_a_client_id_is_unique_among_open_orders_only():
    """After a fill or a cancel it is accepted again, and names the latest order."""
    desk = Desk()
    first = desk.place(desk.a, "BUY LIMIT 1 at 100", client_id="mine")

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.a, "BUY LIMIT 1 at 100", client_id="mine")
    desk.place(desk.b, "SELL LIMIT 1 at 100", client_id="mine")
    second = desk.place(desk.a, "BUY LIMIT 1 at 100", client_id="mine")

    assert refused.value.args == (-2010, "Duplicate order sent.")
    assert first.status == "FILLED"
    assert desk.exchange.order(desk.a, Which("BTCUSDT", client_id="mine")) is second
    assert desk.exchange.order(desk.a, Which("BTCUSDT", first.id)) is first


def test_an_order_asked_for_by_both_ids_must_have_both():
    """-2039, where the order exists under another client id."""
    desk = Desk()
    order = desk.place(desk.a, "BUY LIMIT 1 at 100", client_id="mine")

    assert desk.exchange.order(desk.a, Which("BTCUSDT", order.id, "mine")) is order
    with pytest.raises(VenueRefusal) as refused:
        desk.exchange.order(desk.a, Which("BTCUSDT", order.id, "other"))

    assert refused.value.args == (-2039, "Client order ID is not correct for this order ID.")


def test_an_order_that_never_was_does_not_exist():
    """-2013; also one that was refused."""
    desk = Desk()

    with pytest.raises(VenueRefusal):
        desk.place(desk.a, "SELL LIMIT 1001 at 100", client_id="mine")
    with pytest.raises(VenueRefusal) as refused:
        desk.exchange.order(desk.a, Which("BTCUSDT", client_id="mine"))

    assert refused.value.args == (-2013, "Order does not exist.")


@pytest.mark.parametrize(
    ("canceled", "words", "mode", "expected"),
    [
        (1, "SELL LIMIT_MAKER 1 at 120", "STOP_ON_FAILURE", ("CANCELED", "NEW")),
        (9, "SELL LIMIT_MAKER 1 at 120", "STOP_ON_FAILURE", (UNKNOWN, None)),
        (9, "SELL LIMIT_MAKER 1 at 120", "ALLOW_FAILURE", (UNKNOWN, "NEW")),
        (1, "SELL LIMIT_MAKER 1 at 90", "STOP_ON_FAILURE", ("CANCELED", WOULD_MATCH)),
        (9, "SELL LIMIT_MAKER 1 at 90", "ALLOW_FAILURE", (UNKNOWN, WOULD_MATCH)),
    ],
)
def test_the_halves_of_a_cancel_replace_succeed_or_fail_as_documented(
    canceled, words, mode, expected
):
    """The rows of rest-api.md, Cancel an Existing Order and Send a New Order."""
    desk = Desk()
    desk.place(desk.a, "SELL LIMIT 1000 at 130")  # all it has: the new order needs the old one gone
    desk.place(desk.b, "BUY LIMIT 1 at 95")
    if canceled != 1:
        desk.a.balance("BTC").free += E8

    replaced = desk.exchange.cancel_replace(
        *(desk.a, Which("BTCUSDT", canceled), asked(words), mode, desk.tick())
    )

    seen = tuple(
        half.args if isinstance(half, VenueRefusal) else half and half.status for half in replaced
    )
    assert seen == expected


def test_a_replacement_that_breaks_a_filter_cancels_nothing():
    """Filters are evaluated before the cancellation."""
    desk = Desk(FREE._replace(quantity_max_e8=E8))
    order = desk.place(desk.a, "BUY LIMIT 1 at 100")

    with pytest.raises(VenueRefusal, match="LOT_SIZE"):
        desk.exchange.cancel_replace(
            desk.a, Which("BTCUSDT", 1), asked("BUY LIMIT 2 at 1"), "ALLOW_FAILURE", desk.tick()
        )

    assert order.is_open


def test_an_amended_order_keeps_its_place():
    """The example of faqs/order_amend_keep_priority.md: 5.50 becomes 5.00, second in the queue."""
    desk = Desk()
    desk.place(desk.b, "BUY LIMIT 1 at 87")
    order = desk.place(desk.a, "BUY LIMIT 5.5 at 87", client_id="before")
    behind = desk.place(desk.b, "BUY LIMIT 4 at 87")

    which = Which("BTCUSDT", order.id)
    desk.exchange.amend(desk.a, which, 5 * E8, "after", desk.tick())
    desk.place(desk.account(), "SELL LIMIT 6.5 at 87")

    assert done(order) == ("FILLED", 5, 435)
    assert done(behind)[1] == 0.5
    assert order.client_id == "after"
    assert has(desk.a, "USDT") == (1_000_000 - 435, 0)


@pytest.mark.parametrize(
    ("quantity", "client_id", "args"),
    [
        (3, "", (-2038, "Order amend (quantity increase) is not supported.")),
        (2, "", (-2038, "The requested action would change no state; rejecting.")),
        (1, "taken", (-2038, "Duplicate order sent.")),
        (0.5, "", (-1013, "Filter failure: LOT_SIZE")),
        (0.8, "", (-1013, "Filter failure: NOTIONAL")),
    ],
)
def test_an_amendment_can_only_shrink(quantity, client_id, args):
    """To more than has traded, within the filters, under a name that is free."""
    desk = Desk(FREE._replace(notional_min_e8=90 * E8))
    order = desk.place(desk.a, "BUY LIMIT 2 at 100")
    desk.place(desk.a, "BUY LIMIT 2 at 50", client_id="taken")
    desk.exchange.markets["BTCUSDT"].rules = FREE
    desk.place(desk.b, "SELL LIMIT 0.5 at 100")
    desk.exchange.markets["BTCUSDT"].rules = FREE._replace(notional_min_e8=90 * E8)

    with pytest.raises(VenueRefusal) as refused:
        desk.exchange.amend(
            desk.a, Which("BTCUSDT", order.id), int(quantity * E8), client_id, desk.tick()
        )

    assert refused.value.args == args
    assert order.quantity_e8 == 2 * E8


def test_an_order_is_amended_a_few_times_only():
    """MAX_NUM_ORDER_AMENDS."""
    desk = Desk(FREE._replace(amends_max=2))
    desk.place(desk.a, "SELL STOP_LOSS 9 stop 90")
    which = Which("BTCUSDT", 1)

    for quantity in (8, 7):
        desk.exchange.amend(desk.a, which, quantity * E8, "", desk.tick())
    with pytest.raises(VenueRefusal, match="MAX_NUM_ORDER_AMENDS"):
        desk.exchange.amend(desk.a, which, 6 * E8, "", desk.tick())

    assert has(desk.a, "BTC") == (993, 7)


CLOSED = "Market is closed."


@pytest.mark.parametrize(
    ("status", "takes_amendments"), [("HALT", False), ("BREAK", False), ("CANCEL_ONLY", True)]
)
def test_a_symbol_that_does_not_trade_takes_cancels_but_no_orders(status, takes_amendments):
    """Cancels in BREAK and HALT since 2019 (CHANGELOG.md); amendments where the glossary says."""
    desk = Desk()
    order = desk.place(desk.a, "BUY LIMIT 2 at 100")
    desk.exchange.halt("BTCUSDT", status)
    said = None

    with pytest.raises(VenueRefusal) as placing:
        desk.place(desk.b, "SELL LIMIT 2 at 100")
    try:
        desk.exchange.amend(desk.a, Which("BTCUSDT", 1), E8, "", 1)
    except VenueRefusal as refused:
        said = refused.args
    desk.cancel(desk.a, order)

    assert placing.value.args == (-1013, CLOSED)
    assert said == (None if takes_amendments else (-2038, CLOSED))
    assert order.status == "CANCELED"


def test_a_symbol_that_trades_again_has_its_book():
    """A halt loses nothing."""
    desk = Desk()
    desk.place(desk.a, "BUY LIMIT 2 at 100")

    desk.exchange.halt("BTCUSDT", "HALT")
    desk.exchange.halt("BTCUSDT", "TRADING")

    assert desk.place(desk.b, "SELL LIMIT 2 at 100").status == "FILLED"


def test_old_orders_are_forgotten_and_open_ones_never():
    """What is kept of an account is bounded; the oldest closed orders go first."""
    desk = Desk()
    desk.a.remembers = 3
    oldest = desk.place(desk.a, "BUY LIMIT 1 at 50", client_id="oldest")
    for number in range(5):
        order = desk.place(desk.a, "BUY LIMIT 1 at 100", client_id=f"c{number}")
        desk.cancel(desk.a, order)

    kept = desk.exchange.all_orders(desk.a, "BTCUSDT")

    assert [order.client_id for order in kept] == ["oldest", "c2", "c3", "c4"]
    assert oldest.is_open
    assert set(desk.a.dealings["BTCUSDT"].named) == {"oldest", "c2", "c3", "c4"}


def test_old_trades_are_forgotten():
    """As many are kept as closed orders."""
    desk = Desk()
    desk.a.remembers = 2
    desk.place(desk.b, "SELL LIMIT 5 at 100")
    for _ in range(4):
        desk.place(desk.a, "BUY LIMIT 1 at 100")

    assert [fill.trade_id for fill in desk.exchange.fills(desk.a, "BTCUSDT")] == [3, 4]
