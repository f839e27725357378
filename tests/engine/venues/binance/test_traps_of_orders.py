"""Does what is sent step into a trap of the exchange's documents? One test for each.

Filters, text of decimals, signatures, order types, symbols that do not trade.
"""

import pytest

from engine.messages import BUY, SELL
from engine.venues.asking import (
    Refusal,
)
from engine.venues.binance import reasons
from engine.venues.binance.checks import Around, Marks, Order, objection
from engine.venues.binance.signing import sorted_payload
from tests.engine.venues.binance.desk import (
    BUY_MARKET,
    SELL_MARKET,
    SELL_STOP,
    Line,
    eth_rules,
    filters,
    submit,
    symbol_row,
    words,
)

E8 = 100_000_000


def limit(price: str, quantity: str, side: int = BUY) -> Order:
    """A limit order of decimal text."""
    whole = [round(float(text) * E8) for text in (price, quantity)]
    return Order(side, 1, *whole)


def market(quantity: str, side: int = BUY) -> Order:
    """A market order of decimal text."""
    return Order(side, 0, 0, round(float(quantity) * E8))


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit("2500.00", "0.1"), 0),
        (limit("2500.005", "0.1"), reasons.PRICE_FILTER),
        (limit("1000000.01", "0.1"), reasons.PRICE_FILTER),
        (limit("2500.00", "0.10005"), reasons.LOT_SIZE),
        (limit("2500.00", "9000.0001"), reasons.LOT_SIZE),
        (limit("0.01", "0.0"), reasons.LOT_SIZE),
        (market("500.0001"), reasons.MARKET_LOT_SIZE),
        (market("500"), 0),
    ],
)
def test_trap_1_price_and_lots_are_checked_exactly_before_sending(order, reason):
    """On whole numbers of 1e-8, with a remainder that is one or none."""
    assert objection(order, eth_rules(), Around()) == reason


def test_trap_1_a_zero_field_disables_its_rule():
    """No step, no smallest and no largest."""
    off = {"minPrice": "0", "maxPrice": "0.00000000", "tickSize": "0.0"}
    rules = eth_rules(filters=filters(PRICE_FILTER=off))

    assert objection(limit("2500.005", "0.1"), rules, Around()) == 0
    assert rules.instrument.tick_e8 == 1


def test_trap_1_a_quantity_truncates():
    """Never rounded up: one could not sell what one has not."""
    rules = eth_rules()

    assert rules.lots_down("0.12349999") == 1_234
    assert rules.lots_down("0.0007856509959147719") == 7
    assert rules.lots_down("3") == 30_000


@pytest.mark.parametrize(
    ("minutes", "marks", "reason"),
    [
        (5, Marks(average=2_500 * E8), 0),
        (5, Marks(average=1_000 * E8), reasons.NOTIONAL),
        (5, Marks(reference=2_500 * E8, average=1_000 * E8), 0),
        (0, Marks(average=1_000 * E8, last=2_500 * E8), 0),
        (0, Marks(average=2_500 * E8, last=1_000 * E8), reasons.NOTIONAL),
        (5, Marks(last=1_000 * E8), 0),
    ],
)
def test_trap_2_a_market_order_is_valued_at_reference_average_or_last_price(minutes, marks, reason):
    """In this order; of no minutes the average is the last price; unknown, the venue decides."""
    told = {"minNotional": "5", "applyMinToMarket": True, "avgPriceMins": minutes}
    told |= {"maxNotional": "9000000", "applyMaxToMarket": False}
    rules = eth_rules(filters=filters(NOTIONAL=told))

    assert objection(market("0.004"), rules, Around(marks)) == reason


def test_trap_2_the_older_filter_holds_too():
    """MIN_NOTIONAL, with its own switch for market orders."""
    told = {"minNotional": "10", "applyToMarket": False, "avgPriceMins": 5}
    rules = eth_rules(filters=filters(NOTIONAL=None, MIN_NOTIONAL=told))

    assert objection(limit("2500.00", "0.0039"), rules, Around()) == reasons.NOTIONAL
    assert objection(market("0.0001"), rules, Around(Marks(average=2_500 * E8))) == 0


@pytest.mark.parametrize(
    ("order", "around", "reason"),
    [
        (limit("12500.01", "0.1"), Around(Marks(average=2_500 * E8)), reasons.PERCENT_PRICE),
        (limit("12500.00", "0.1"), Around(Marks(average=2_500 * E8)), 0),
        (limit("499.99", "0.1", SELL), Around(Marks(average=2_500 * E8)), reasons.PERCENT_PRICE),
        (limit("2500.00", "0.1"), Around(open=199), 0),
        (limit("2500.00", "0.1"), Around(open=200), reasons.MAX_NUM_ORDERS),
        (Order(SELL, 2, 2_400 * E8, E8), Around(stops=5), reasons.MAX_NUM_ALGO_ORDERS),
        (limit("2500.00", "1"), Around(held=8 * E8, buying=E8), 0),
        (limit("2500.00", "1"), Around(held=8 * E8, buying=E8 + 1), reasons.MAX_POSITION),
        (limit("2500.00", "1", SELL), Around(held=10 * E8), 0),
    ],
)
def test_trap_3_percent_price_counts_and_position_are_checked_before_sending(order, around, reason):
    """By the side's own multipliers, against all that is open and held."""
    rules = eth_rules(filters=filters(MAX_POSITION={"maxPosition": "10"}))

    assert objection(order, rules, around) == reason


def test_trap_3_a_refused_order_never_leaves():
    """The reason has a number and a name, and the place it took is free again."""
    line = Line()

    heard = line.submit(submit(lots=1))

    assert words(heard) == [Refusal(reasons.NOTIONAL)]
    assert reasons.words_of(reasons.NOTIONAL).startswith("NOTIONAL")
    assert line.books.open == {}
    assert [one["method"] for one in line.leaves() if one["method"] == "order.place"] == []


def test_trap_4_decimals_are_plain_text():
    """Fixed notation with the step's decimals; no exponent, nothing finer."""
    line = Line(
        rules=eth_rules(
            filters=filters(
                LOT_SIZE={"minQty": "0.00000001", "maxQty": "100", "stepSize": "0.00000001"}
            )
        )
    )
    line.submit(submit(lots=250_001, price=250_001))

    sent = line.only("order.place")["params"]

    assert (sent["quantity"], sent["price"]) == ("0.00250001", "2500.01")


def test_trap_6_a_signature_covers_what_is_sent():
    """Over the WebSocket API sorted by name and raw; the REST form is signed as encoded."""
    line = Line()
    line.submit(submit())
    sent = line.only("order.place")["params"]
    line.cancel()
    ((_, rest),) = line.account.leaving_by_rest(line.now_ns)

    signature = sent.pop("signature")
    query, _, appended = rest.target.partition("?")[2].rpartition("&signature=")

    assert signature == line.account.courier.key.sign(sorted_payload(sent).encode())
    assert appended == line.account.courier.key.sign(query.encode())


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY", "END_OF_DAY", "SOMETHING_NEW"])
def test_trap_22_a_symbol_that_is_not_trading_takes_cancels_only(status):
    """As exchangeInfo said last; when it comes back, orders leave again."""
    line = Line()
    told = {"symbols": [symbol_row(status=status)]}
    line.wait(300.0)
    (asked,) = [one for one in line.leaves() if one["method"] == "exchangeInfo"]
    line.reply(asked, told)

    refused = line.submit(submit())
    line.cancel(2)

    assert words(refused) == [Refusal(reasons.SYMBOL_HALTED)]
    assert line.only()["method"] == "order.cancel"


def test_trap_25_a_market_order_is_told_by_quantity():
    """One by quote would not spend exactly its sum; and no price goes with it."""
    line = Line()
    line.submit(submit(flags=BUY_MARKET, price=0))
    sent = line.only("order.place")["params"]

    assert sent["quantity"] == "0.1000"
    assert {"quoteOrderQty", "price", "timeInForce", "stopPrice"}.isdisjoint(sent)


def test_a_stop_is_a_stop_loss_and_a_sale_a_sale():
    """As the command's flags say; a trigger is no limit."""
    line = Line()
    line.submit(submit(flags=SELL_STOP, price=240_000))
    stop = line.only("order.place")["params"]
    line.submit(submit(2, flags=SELL_MARKET, price=0))
    sale = line.only("order.place")["params"]

    assert (stop["type"], stop["side"], stop["stopPrice"]) == ("STOP_LOSS", "SELL", "2400.00")
    assert "price" not in stop
    assert (sale["type"], sale["side"], sale["newOrderRespType"]) == ("MARKET", "SELL", "FULL")


def test_trap_22_a_closed_market_is_looked_at_and_looked_at_again_while_it_is_closed():
    """The venue refuses one order; the next does not leave, until the symbol trades again."""
    line = Line()
    line.submit(submit())
    line.refuse(line.only("order.place"), -1013, "Market is closed.")

    asked = of_rules(line)
    line.reply(asked, {"symbols": [symbol_row(status="HALT")]})
    halted = words(line.submit(submit(2)))
    line.wait(5.0)
    line.reply(of_rules(line), {"symbols": [symbol_row()]})
    line.submit(submit(3))

    assert halted == [Refusal(reasons.SYMBOL_HALTED)]
    assert line.only("order.place")["params"]["newClientOrderId"].endswith("-3")


def test_a_tick_that_changes_while_we_run_is_noticed_until_it_is_as_it_was():
    """The core counts in steps: prices between them would be refused, or told at a wrong price."""
    line, seen = Line(), []
    for tick in ("0.00100000", "0.01000000"):
        line.wait(300.0)
        price = {"minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick}
        line.reply(of_rules(line), {"symbols": [symbol_row(filters=filters(PRICE_FILTER=price))]})
        seen.append(set(line.account.books.outdated))

    assert seen == [{0}, set()]
    assert line.account.books.rules[0].instrument.tick_e8 == 1_000_000


def of_rules(line):
    """The question for exchangeInfo that leaves now."""
    (asked,) = [one for one in line.leaves() if one["method"] == "exchangeInfo"]
    return asked
