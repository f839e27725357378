"""Do orders meet as Binance's order types promise?"""

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching.words import VenueRefusal
from tests.engine.venues.exchange.desk import FREE, Desk, asked, done, has


def filled_desk() -> Desk:
    """Asks of 1 at 101, 2 at 102 and 3 at 103, bids of 1 at 99 and 2 at 98, all of account a."""
    desk = Desk()
    for words in ("SELL LIMIT 1 at 101", "SELL LIMIT 2 at 102", "SELL LIMIT 3 at 103"):
        desk.place(desk.a, words)
    for words in ("BUY LIMIT 1 at 99", "BUY LIMIT 2 at 98"):
        desk.place(desk.a, words)
    return desk


@pytest.mark.parametrize(
    ("words", "more", "expected"),
    [
        ("BUY LIMIT 2 at 102", {}, ("FILLED", 2, 203)),
        ("BUY LIMIT 5 at 102", {}, ("PARTIALLY_FILLED", 3, 305)),
        ("BUY LIMIT 5 at 100", {}, ("NEW", 0, 0)),
        ("BUY LIMIT 5 at 102", {"time_in_force": "IOC"}, ("EXPIRED", 3, 305)),
        ("BUY LIMIT 5 at 100", {"time_in_force": "IOC"}, ("EXPIRED", 0, 0)),
        ("BUY LIMIT 5 at 102", {"time_in_force": "FOK"}, ("EXPIRED", 0, 0)),
        ("BUY LIMIT 3 at 102", {"time_in_force": "FOK"}, ("FILLED", 3, 305)),
        ("SELL LIMIT 2 at 98", {}, ("FILLED", 2, 197)),
        ("BUY MARKET 4", {}, ("FILLED", 4, 408)),
        ("SELL MARKET 3", {}, ("FILLED", 3, 295)),
        ("BUY MARKET 10", {}, ("EXPIRED", 6, 614)),
        ("BUY LIMIT_MAKER 1 at 100", {}, ("NEW", 0, 0)),
    ],
)
def test_an_order_takes_what_its_type_allows(words, more, expected):
    """Better prices first; what is left rests or expires."""
    desk = filled_desk()

    order = desk.place(desk.b, words, **more)

    assert done(order) == expected
    assert order.is_open == (expected[0] in ("NEW", "PARTIALLY_FILLED"))


@pytest.mark.parametrize(
    ("words", "more", "reason"),
    [
        ("BUY LIMIT 5 at 102", {"time_in_force": "IOC"}, "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("BUY LIMIT 9 at 109", {"time_in_force": "FOK"}, "UNFILLED_FOK_ORDER_EXPIRED"),
        ("BUY MARKET 10", {}, "INSUFFICIENT_LIQUIDITY"),
    ],
)
def test_an_expired_order_says_why(words, more, reason):
    """`expiryReason` of enums.md."""
    desk = filled_desk()

    assert desk.place(desk.b, words, **more).expiry_reason == reason


def test_what_a_limit_order_has_left_stands_first_in_the_book():
    """The rest of a taker is the best price of its own side."""
    desk = filled_desk()

    desk.place(desk.b, "BUY LIMIT 5 at 102")

    bids, asks = desk.levels()
    assert bids == [(102, 2), (99, 1), (98, 2)]
    assert asks == [(103, 3)]


def test_of_two_orders_at_a_price_the_earlier_trades_first():
    """Time counts where the price is the same; a fill does not cost the place."""
    desk = Desk()
    first, second = (desk.place(desk.a, "SELL LIMIT 2 at 100") for _ in range(2))

    desk.place(desk.b, "BUY LIMIT 1 at 100")
    desk.place(desk.b, "BUY LIMIT 2 at 100")

    assert (done(first)[1], done(second)[1]) == (2, 1)


def test_a_trade_happens_at_the_price_of_the_order_that_was_there():
    """The newcomer's better price is its own gain: what it locked too much is free again."""
    desk = filled_desk()

    desk.place(desk.b, "BUY LIMIT 1 at 150")

    assert has(desk.b, "USDT") == (1_000_000 - 101, 0)
    assert has(desk.b, "BTC") == (1_001, 0)


@pytest.mark.parametrize("words", ["BUY LIMIT_MAKER 1 at 101", "SELL LIMIT_MAKER 1 at 99"])
def test_a_limit_maker_never_takes(words):
    """It is refused, and its account hears why."""
    desk = filled_desk()
    desk.heard()

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.b, words)

    assert refused.value.args == (-2010, "Order would immediately match and take.")
    (report,) = desk.heard()
    assert (report.kind, report.reject_reason) == ("REJECTED", "WOULD_MATCH_IMMEDIATELY")


@pytest.mark.parametrize(
    ("words", "quantity", "expected"),
    [
        ("BUY MARKET for 203", 2, ("FILLED", 2, 203)),
        ("BUY MARKET for 100", 0.9900, ("FILLED", 0.9900, 99.99)),  # 0.9901 would cost 100.0001
        ("SELL MARKET for 148", 1.5, ("FILLED", 1.5, 148)),
        ("BUY MARKET for 817", 7.9708, ("EXPIRED", 6, 614)),  # and 1.9708 more at 103
    ],
)
def test_a_market_order_by_quote_comes_as_close_as_the_step_allows(words, quantity, expected):
    """`quoteOrderQty` keeps LOT_SIZE, so it spends up to a step's worth less than the sum."""
    desk = filled_desk()

    order = desk.place(desk.b, words)

    assert (order.quantity_e8 / E8, done(order)) == (quantity, expected)


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        (FREE, "Order book liquidity is less than symbol minimum quantity."),
        (
            FREE._replace(quantity_min_e8=E8),
            "Order book liquidity is less than LOT_SIZE filter minimum quantity.",
        ),
        (
            FREE._replace(market_quantity_min_e8=E8),
            "Order book liquidity is less than MARKET_LOT_SIZE filter minimum quantity.",
        ),
    ],
)
def test_a_market_order_by_quote_needs_a_book(rules, text):
    """Without liquidity there is nothing to size it by."""
    desk = Desk(rules)
    if rules is not FREE:
        desk.exchange.markets["BTCUSDT"].rules = FREE
        desk.place(desk.a, "SELL LIMIT 0.5 at 100")
        desk.exchange.markets["BTCUSDT"].rules = rules

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.b, "BUY MARKET for 50")

    assert refused.value.args == (-2010, text)


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        (FREE._replace(quantity_max_e8=2 * E8), "LOT_SIZE"),
        (FREE._replace(market_quantity_max_e8=2 * E8), "MARKET_LOT_SIZE"),
    ],
)
def test_a_market_order_by_quote_keeps_the_largest_size(rules, name):
    """It is rejected where its sum comes to more than `maxQty` (CHANGELOG.md of 2023-07-11)."""
    desk = Desk(rules)
    for _ in range(2):
        desk.place(desk.a, "SELL LIMIT 2 at 100")

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.b, "BUY MARKET for 200.1")

    assert refused.value.args == (-1013, f"Filter failure: {name}")
    assert desk.place(desk.b, "BUY MARKET for 200").status == "FILLED"


@pytest.mark.parametrize(
    ("words", "balances"),
    [
        ("BUY LIMIT 1 at 100.01", {"USDT": 100 * E8}),
        ("SELL LIMIT 1.0001 at 200", {"BTC": E8}),
        ("BUY MARKET 2", {"USDT": 202 * E8}),
        ("SELL MARKET 1.0001", {"BTC": E8}),
        ("BUY MARKET for 203", {"USDT": 202 * E8}),
        ("BUY MARKET for 100", {"USDT": 100 * E8 - 1}),  # though it would spend 99.99 only
        ("SELL STOP_LOSS 1.0001 stop 90", {"BTC": E8}),
        ("BUY STOP_LOSS 1 stop 120", {"USDT": 119 * E8}),
    ],
)
def test_an_order_beyond_the_balance_is_refused(words, balances):
    """Binance's own words; nothing is locked by it and nothing remembered."""
    desk = filled_desk()
    poor = desk.account(balances)

    with pytest.raises(VenueRefusal) as refused:
        desk.place(poor, words)

    text = "Account has insufficient balance for requested action."
    assert refused.value.args == (-2010, text)
    assert desk.exchange.open_orders(poor) == desk.exchange.all_orders(poor, "BTCUSDT") == []
    assert all(row.locked == 0 for row in poor.balances.values())


def test_all_of_a_balance_can_be_used():
    """An order that needs exactly what is there is taken, and locks it."""
    desk = Desk()
    poor = desk.account({"USDT": 100 * E8})

    desk.place(poor, "BUY LIMIT 1 at 100")

    assert has(poor, "USDT") == (0, 100)


def test_a_test_order_has_no_effect():
    """It passes the filters and goes no further, not even to the balance."""
    desk = filled_desk()
    desk.heard()

    desk.exchange.test(desk.account({"USDT": 1}), asked("BUY LIMIT 5 at 101"), desk.tick())

    assert desk.heard() == []


def test_ids_count_from_one_for_each_symbol():
    """Order and trade ids of a symbol have no gap."""
    desk = Desk(FREE, FREE._replace(name="ETHUSDT", base="ETH"))
    market = desk.exchange.markets

    for words in ("SELL LIMIT 2 at 100", "BUY LIMIT 1 at 100", "BUY LIMIT 1 at 100"):
        desk.place(desk.a, words)
    desk.exchange.place(desk.a, asked("BUY LIMIT 1 at 100")._replace(symbol="ETHUSDT"), 1)

    assert (market["BTCUSDT"].last_order_id, market["BTCUSDT"].last_trade_id) == (3, 2)
    assert (market["ETHUSDT"].last_order_id, market["ETHUSDT"].last_trade_id) == (1, 0)
