"""Is every documented filter held, at its bound and beyond it? (filters.md)"""

import pytest

from engine.instruments import E8, Instrument
from engine.venues.exchange.matching.symbols import rules_of
from engine.venues.exchange.matching.words import ORDER_TYPES, Rules, VenueRefusal
from tests.engine.venues.exchange.desk import FREE, Desk, asked

CENT, COIN = E8 // 100, E8

# Rules, an order that just passes, one that just does not, and the filter it breaks.
CASES = [
    ({"price_min_e8": 90 * E8}, "BUY LIMIT 1 at 90", "BUY LIMIT 1 at 89.99", "PRICE_FILTER"),
    ({"price_max_e8": 90 * E8}, "BUY LIMIT 1 at 90", "BUY LIMIT 1 at 90.01", "PRICE_FILTER"),
    ({"tick_e8": CENT}, "BUY LIMIT 1 at 90.01", "BUY LIMIT 1 at 90.001", "PRICE_FILTER"),
    (
        {"tick_e8": CENT},
        *("SELL STOP_LOSS 1 stop 90.01", "SELL STOP_LOSS 1 stop 90.001", "PRICE_FILTER"),
    ),
    ({"quantity_min_e8": COIN}, "BUY LIMIT 1 at 9", "BUY LIMIT 0.9999 at 9", "LOT_SIZE"),
    ({"quantity_max_e8": COIN}, "BUY LIMIT 1 at 9", "BUY LIMIT 1.0001 at 9", "LOT_SIZE"),
    ({"step_e8": E8 // 10}, "BUY LIMIT 1.1 at 9", "BUY LIMIT 1.11 at 9", "LOT_SIZE"),
    ({"quantity_max_e8": COIN}, "BUY MARKET 1", "BUY MARKET 1.0001", "LOT_SIZE"),
    ({"market_quantity_min_e8": COIN}, "BUY MARKET 1", "BUY MARKET 0.9999", "MARKET_LOT_SIZE"),
    ({"market_quantity_max_e8": COIN}, "BUY MARKET 1", "BUY MARKET 1.0001", "MARKET_LOT_SIZE"),
    ({"market_step_e8": COIN}, "BUY MARKET 2", "BUY MARKET 2.5", "MARKET_LOT_SIZE"),
    (
        {"market_quantity_max_e8": COIN},
        *("SELL STOP_LOSS 1 stop 90", "SELL STOP_LOSS 2 stop 90", "MARKET_LOT_SIZE"),
    ),
    ({"notional_min_e8": 10 * E8}, "BUY LIMIT 1 at 10", "BUY LIMIT 1 at 9.99", "NOTIONAL"),
    ({"notional_max_e8": 10 * E8}, "BUY LIMIT 1 at 10", "BUY LIMIT 1 at 10.01", "NOTIONAL"),
    ({"notional_min_e8": 10 * E8}, "BUY MARKET 0.1", "BUY MARKET 0.0999", "NOTIONAL"),
    ({"notional_min_e8": 10 * E8}, "BUY MARKET for 10", "BUY MARKET for 9.99", "NOTIONAL"),
    (
        {"notional_max_e8": 10 * E8, "notional_max_to_market": True},
        *("BUY MARKET 0.1", "BUY MARKET 0.1001", "NOTIONAL"),
    ),
    (
        {"bid_up_e8": 12 * E8 // 10},
        *("BUY LIMIT 1 at 120", "BUY LIMIT 1 at 120.01", "PERCENT_PRICE_BY_SIDE"),
    ),
    (
        {"bid_down_e8": E8 // 5},
        *("BUY LIMIT 1 at 20", "BUY LIMIT 1 at 19.99", "PERCENT_PRICE_BY_SIDE"),
    ),
    (
        {"ask_up_e8": 5 * E8},
        *("SELL LIMIT 1 at 500", "SELL LIMIT 1 at 500.01", "PERCENT_PRICE_BY_SIDE"),
    ),
    (
        {"ask_down_e8": 8 * E8 // 10},
        *("SELL LIMIT 1 at 80", "SELL LIMIT 1 at 79.99", "PERCENT_PRICE_BY_SIDE"),
    ),
    ({"position_max_e8": 1_002 * E8}, "BUY LIMIT 2 at 9", "BUY LIMIT 2.1 at 9", "MAX_POSITION"),
]


def traded_at_100() -> Desk:
    """A symbol whose average price is 100, with one more coin on offer there."""
    desk = Desk(FREE._replace(tick_e8=1, step_e8=1))
    desk.place(desk.b, "SELL LIMIT 4 at 100")
    desk.place(desk.b, "BUY LIMIT 1 at 100")
    return desk


@pytest.mark.parametrize(("change", "passing", "failing", "name"), CASES)
def test_a_filter_holds_from_its_bound_on(change, passing, failing, name):
    """The bound itself passes; refusals name the filter."""
    desk = traded_at_100()
    rules = FREE._replace(**({"tick_e8": 1, "step_e8": 1} | change))
    desk.exchange.markets["BTCUSDT"].rules = rules

    desk.exchange.test(desk.a, asked(passing), desk.tick())
    with pytest.raises(VenueRefusal) as refused:
        desk.exchange.test(desk.a, asked(failing), desk.tick())

    assert refused.value.args == (-1013, f"Filter failure: {name}")


@pytest.mark.parametrize(
    ("change", "left_alone", "failing"),
    [
        (
            {"notional_min_e8": 100 * E8, "notional_min_to_market": False},
            *("BUY MARKET 0.1", "BUY LIMIT 0.1 at 90"),
        ),
        ({"notional_max_e8": 10 * E8}, "BUY MARKET 1", "BUY LIMIT 1 at 90"),
        ({"market_quantity_max_e8": COIN}, "BUY LIMIT 2 at 9", "BUY MARKET 2"),
        ({"position_max_e8": COIN}, "SELL LIMIT 2 at 900", "BUY LIMIT 2 at 9"),
    ],
)
def test_a_filter_leaves_alone_what_it_does_not_apply_to(change, left_alone, failing):
    """`applyMinToMarket`, `applyMaxToMarket`, market bounds on limits, positions of sellers."""
    desk = traded_at_100()
    desk.exchange.markets["BTCUSDT"].rules = FREE._replace(**change)

    with pytest.raises(VenueRefusal, match="Filter failure"):
        desk.place(desk.a, failing)

    assert desk.place(desk.a, left_alone).status in ("NEW", "FILLED")


def test_a_market_order_before_the_first_trade_has_no_notional():
    """There is no price to value it by."""
    desk = Desk(FREE._replace(notional_min_e8=10**6 * E8))

    assert desk.place(desk.a, "BUY MARKET 0.0001").status == "EXPIRED"


def test_the_average_is_weighted_by_volume_and_moves_on():
    """Trades older than the window do not count; with none in it the last price stands."""
    desk = Desk()
    market = desk.exchange.markets["BTCUSDT"]
    for quantity, price in ((1, 100), (3, 200)):
        desk.place(desk.b, f"SELL LIMIT {quantity} at {price}")
        desk.place(desk.a, f"BUY LIMIT {quantity} at {price}")
        desk.now_us += 60_000_000

    assert market.average_price_e8(desk.now_us) == 175 * E8
    assert market.average_price_e8(desk.now_us + 200_000_000) == 200 * E8
    assert market.average_price_e8(desk.now_us + 900_000_000) == 200 * E8


def test_without_minutes_the_last_price_is_the_average():
    """`avgPriceMins` of 0."""
    desk = Desk(FREE._replace(average_minutes=0))
    for price in (100, 200):
        desk.place(desk.b, f"SELL LIMIT 1 at {price}")
        desk.place(desk.a, f"BUY LIMIT 1 at {price}")

    assert desk.exchange.markets["BTCUSDT"].average_price_e8(desk.now_us) == 200 * E8


def test_open_orders_are_counted():
    """MAX_NUM_ORDERS counts all of a symbol, MAX_NUM_ALGO_ORDERS those with a stop price."""
    desk = Desk(FREE._replace(orders_max=3, algo_orders_max=1))
    desk.place(desk.a, "SELL STOP_LOSS 1 stop 90")

    with pytest.raises(VenueRefusal, match="MAX_NUM_ALGO_ORDERS"):
        desk.place(desk.a, "SELL TAKE_PROFIT 1 stop 110")
    desk.place(desk.a, "SELL LIMIT 1 at 110")
    last = desk.place(desk.a, "SELL LIMIT 1 at 110")
    with pytest.raises(VenueRefusal, match="MAX_NUM_ORDERS"):
        desk.place(desk.a, "SELL LIMIT 1 at 110")
    desk.cancel(desk.a, last)

    assert desk.place(desk.a, "SELL LIMIT 1 at 110").is_open


def test_a_position_counts_open_buys():
    """What is free, what is locked, and what open BUY orders could add."""
    desk = Desk(FREE._replace(position_max_e8=1_005 * E8))
    desk.place(desk.a, "SELL LIMIT 10 at 200")
    first = desk.place(desk.a, "BUY LIMIT 3 at 100")

    with pytest.raises(VenueRefusal, match="MAX_POSITION"):
        desk.place(desk.a, "BUY LIMIT 3 at 100")
    desk.cancel(desk.a, first)

    assert desk.place(desk.a, "BUY LIMIT 5 at 100").is_open


@pytest.mark.parametrize(
    ("words", "more", "code", "text"),
    [
        ("LONG LIMIT 1 at 9", {}, -1117, "Invalid side."),
        ("BUY GUESS 1 at 9", {}, -1116, "Invalid orderType."),
        ("BUY LIMIT 1 at 9", {"time_in_force": "GTX"}, -1115, "Invalid timeInForce."),
        ("BUY MARKET 1", {"time_in_force": "FOK"}, -1014, "Unsupported order combination."),
        ("BUY LIMIT for 10 at 9", {}, -1014, "Unsupported order combination."),
        ("BUY MARKET 1 for 10", {}, -1014, "Unsupported order combination."),
        ("BUY LIMIT 0 at 9", {}, -1013, "Invalid quantity."),
        ("BUY LIMIT -1 at 9", {}, -1013, "Invalid quantity."),
        ("BUY LIMIT 1 at 0", {}, -1013, "Invalid price."),
        ("BUY LIMIT 1 at -9", {}, -1013, "Invalid price."),
        ("BUY MARKET 1 at 9", {}, -1013, "Invalid price."),
        ("SELL STOP_LOSS 1 stop 0", {}, -1013, "Invalid stopPrice."),
        ("SELL LIMIT 1 at 9 stop 8", {}, -1013, "Invalid stopPrice."),
        ("BUY LIMIT 0.00000001 at 0.01", {}, -1013, "Price * QTY is zero or less."),
        (
            *("BUY LIMIT 1 at 9", {"iceberg_e8": 1}, -1013),
            "Iceberg orders are not supported for this symbol.",
        ),
        (
            *("SELL STOP_LOSS 1 stop 9", {"trailing_delta": 10}, -1013),
            "Trailing stop orders are not supported for this symbol.",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(words, more, code, text):
    """In Binance's codes and texts."""
    desk = Desk()

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.a, words, **more)

    assert refused.value.args == (code, text)


@pytest.mark.parametrize("order_type", ["MARKET", "STOP_LOSS", "TAKE_PROFIT_LIMIT"])
def test_a_symbol_may_lack_a_type(order_type):
    """`orderTypes` of the symbol."""
    rest = tuple(kept for kept in ORDER_TYPES if kept != order_type)
    desk = Desk(FREE._replace(order_types=rest))
    name = order_type.capitalize().replace("_", " ")

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.a, f"BUY {order_type} 1 at 9")

    assert refused.value.args == (-1013, f"{name} orders are not supported for this symbol.")


def test_a_symbol_may_lack_market_orders_by_quote():
    """`quoteOrderQtyMarketAllowed`."""
    desk = Desk(FREE._replace(has_quote_market=False))

    with pytest.raises(VenueRefusal, match="Quote order qty market orders are not support"):
        desk.place(desk.a, "BUY MARKET for 10")


def test_an_unknown_symbol_is_refused():
    """-1121."""
    desk = Desk()

    with pytest.raises(VenueRefusal) as refused:
        desk.exchange.open_orders(desk.a, "ABCUSDT")

    assert refused.value.args == (-1121, "Invalid symbol.")


def test_an_instruments_limits_become_rules():
    """The same bounds, in 1e-8 instead of ticks and lots."""
    ether = Instrument("ETHUSDT", "ETH", "USDT", CENT, 10_000, 1, 90, 31, 5 * E8, 1, 100_000_000)

    rules = rules_of(ether)

    assert rules == Rules(
        *("ETHUSDT", "ETH", "USDT", CENT, 10_000),
        price_min_e8=CENT,
        price_max_e8=1_000_000 * E8,
        quantity_min_e8=10_000,
        quantity_max_e8=900_000,
        market_quantity_max_e8=310_000,
        notional_min_e8=5 * E8,
    )
