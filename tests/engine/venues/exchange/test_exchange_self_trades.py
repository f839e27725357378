"""Does an account meet itself as Binance's questions and answers on it say? (faqs/stp_faq.md)"""

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching.words import STP_MODES, TRANSFER, VenueRefusal
from tests.engine.venues.exchange.desk import FREE, Desk, done, has

RULES = FREE._replace(tick_e8=1)
THREE = ("BUY LIMIT 1.2 at 1.2", "BUY LIMIT 1.3 at 1.1", "BUY LIMIT 8.1 at 1")

# Scenario; makers and their mode; taker and its mode; status and prevented quantity of each
# maker; the same of the taker; the taker's prevented matches as (price, taker's, maker's).
SCENARIOS = [
    (
        *("A", ("BUY LIMIT 1 at 1",), "NONE", "SELL LIMIT 1 at 1", "NONE"),
        *([("FILLED", 0)], ("FILLED", 0), []),
    ),
    (
        *("B", THREE, "NONE", "SELL LIMIT 3 at 1", "EXPIRE_MAKER"),
        [("EXPIRED_IN_MATCH", 1.2), ("EXPIRED_IN_MATCH", 1.3), ("EXPIRED_IN_MATCH", 8.1)],
        ("NEW", 0),
        [(1.2, 0, 1.2), (1.1, 0, 1.3), (1, 0, 8.1)],
    ),
    (
        *("C", THREE, "NONE", "SELL LIMIT 3 at 1", "EXPIRE_TAKER"),
        [("NEW", 0)] * 3,
        ("EXPIRED_IN_MATCH", 3),
        [(1.2, 3, 0)],
    ),
    (
        *("D", ("BUY LIMIT 1 at 1",), "NONE", "SELL LIMIT 3 at 1", "EXPIRE_BOTH"),
        *([("EXPIRED_IN_MATCH", 1)], ("EXPIRED_IN_MATCH", 3), [(1, 3, 1)]),
    ),
    (
        *("E", ("BUY LIMIT 1 at 1",), "EXPIRE_MAKER", "SELL LIMIT 1 at 1", "EXPIRE_TAKER"),
        *([("NEW", 0)], ("EXPIRED_IN_MATCH", 1), [(1, 1, 0)]),
    ),
    (
        *("F", ("BUY LIMIT 1 at 1",), "NONE", "SELL MARKET 1", "EXPIRE_MAKER"),
        *([("EXPIRED_IN_MATCH", 1)], ("EXPIRED", 0), [(1, 0, 1)]),
    ),
    (
        *("G", ("BUY LIMIT 6 at 2",), "NONE", "SELL LIMIT 2 at 2", "DECREMENT"),
        *([("NEW", 2)], ("EXPIRED_IN_MATCH", 2), [(2, 2, 2)]),
    ),
]


@pytest.mark.parametrize("row", SCENARIOS, ids=lambda row: row[0])
def test_the_worked_cases_hold(row):
    """Statuses, prevented quantities and prevented matches as printed there."""
    _, makers, maker_mode, taker, taker_mode, of_makers, of_taker, matches = row
    desk = Desk(RULES)

    standing = [desk.place(desk.a, words, stp_mode=maker_mode) for words in makers]
    order = desk.place(desk.a, taker, stp_mode=taker_mode)

    assert [(one.status, one.prevented_e8 / E8) for one in standing] == of_makers
    assert (order.status, order.prevented_e8 / E8) == of_taker
    seen = [(row.price_e8 / E8, row.taker_e8 / E8, row.maker_e8 / E8) for row in order.prevented]
    assert seen == matches
    assert list(desk.exchange.dealings(desk.a, "BTCUSDT").prevented) == order.prevented
    lost = [match.id for match in order.prevented if match.maker_e8]
    assert [one.prevented_id for one in standing if one.prevented_e8] == lost


def test_the_worked_case_of_a_transfer_holds():
    """Scenario H: two accounts of one group, who do not trade, but pass on what they would have."""
    desk = Desk(RULES)
    rich = {"BTC": 20_000 * E8, "USDT": 20_000 * E8}
    maker, taker = desk.account(rich, maker_ppm=1_000), desk.account(rich, taker_ppm=1_000)
    maker.trade_group = taker.trade_group = 1

    bid = desk.place(maker, "BUY LIMIT 0.6 at 0.2", stp_mode=TRANSFER)
    offer = desk.place(taker, "SELL LIMIT 0.2 at 0.2", stp_mode=TRANSFER)

    assert (bid.status, bid.prevented_e8 / E8) == ("NEW", 0.2)
    assert (offer.status, offer.prevented_e8 / E8, offer.fills) == ("EXPIRED_IN_MATCH", 0.2, [])
    assert (has(maker, "BTC"), has(maker, "USDT")) == ((20_000.2, 0), (19_999.88, 0.08))
    assert (has(taker, "BTC"), has(taker, "USDT")) == ((19_999.8, 0), (20_000.04, 0))


def test_a_transfer_to_a_market_order_is_paid_for():
    """What it locked pays for the part it trades and the part it is passed on."""
    desk = Desk(RULES)
    maker, taker = desk.account(), desk.account({"USDT": 30 * E8})
    maker.trade_group = taker.trade_group = 1
    desk.place(maker, "SELL LIMIT 1 at 10", stp_mode=TRANSFER)
    desk.place(desk.b, "SELL LIMIT 1 at 20")

    order = desk.place(taker, "BUY MARKET 2", stp_mode=TRANSFER)

    assert (done(order), order.prevented_e8 / E8) == (("FILLED", 1, 20), 1)
    assert (has(taker, "BTC"), has(taker, "USDT")) == ((2, 0), (0, 0))
    assert has(maker, "USDT") == (1_000_010, 0)


def test_a_transfer_to_a_market_order_counts_for_its_balance():
    """Who cannot pay for what would be passed on cannot place the order."""
    desk = Desk(RULES)
    maker, taker = desk.account(), desk.account({"USDT": 30 * E8 - 1})
    maker.trade_group = taker.trade_group = 1
    desk.place(maker, "SELL LIMIT 1 at 10", stp_mode=TRANSFER)
    desk.place(desk.b, "SELL LIMIT 1 at 20")

    with pytest.raises(VenueRefusal, match="insufficient balance"):
        desk.place(taker, "BUY MARKET 2", stp_mode=TRANSFER)


def test_a_transfer_needs_both_orders_to_ask_for_it():
    """Else it is a decrement, and no money moves."""
    desk = Desk(RULES)
    desk.a.trade_group = desk.b.trade_group = 1
    desk.place(desk.a, "BUY LIMIT 1 at 1", stp_mode="NONE")

    order = desk.place(desk.b, "SELL LIMIT 1 at 1", stp_mode=TRANSFER)

    assert [row.mode for row in order.prevented] == ["DECREMENT"]
    assert has(desk.a, "BTC") == has(desk.b, "BTC") == (1_000, 0)


def test_another_account_is_no_self():
    """Without a common group two accounts trade, whatever their mode."""
    desk = Desk(RULES)
    desk.place(desk.a, "BUY LIMIT 1 at 1", stp_mode="EXPIRE_BOTH")

    assert desk.place(desk.b, "SELL LIMIT 1 at 1", stp_mode="EXPIRE_BOTH").status == "FILLED"


def test_an_order_goes_on_to_others_behind_its_own():
    """EXPIRE_MAKER clears its own orders out of the way and trades with the rest."""
    desk = Desk(RULES)
    for account in (desk.a, desk.b, desk.a, desk.b):
        desk.place(account, "SELL LIMIT 1 at 100")

    order = desk.place(desk.a, "BUY LIMIT 2 at 100", stp_mode="EXPIRE_MAKER")

    assert done(order) == ("FILLED", 2, 200)
    assert len(desk.exchange.open_orders(desk.a)) == 0


def test_all_or_nothing_counts_only_what_others_offer():
    """A FOK order that its own orders would have to fill expires, and leaves these alone."""
    desk = Desk(RULES)
    desk.place(desk.a, "SELL LIMIT 1 at 100")
    desk.place(desk.b, "SELL LIMIT 1 at 100")

    order = desk.place(
        *(desk.a, "BUY LIMIT 2 at 100"), time_in_force="FOK", stp_mode="EXPIRE_MAKER"
    )

    assert done(order) == ("EXPIRED", 0, 0)
    assert desk.levels()[1] == [(100, 2)]


@pytest.mark.parametrize("mode", STP_MODES)
def test_a_market_order_by_quote_meets_itself_too(mode):
    """Nothing is locked afterwards but what its open orders need, and the book is not crossed."""
    desk = Desk(RULES)
    mine = desk.place(desk.a, "SELL LIMIT 1 at 100")
    desk.place(desk.b, "SELL LIMIT 1 at 101")

    order = desk.place(desk.a, "BUY MARKET for 150", stp_mode=mode)

    assert not order.is_open
    assert has(desk.a, "USDT")[1] == 0
    assert has(desk.a, "BTC")[1] == mine.locked_e8 / E8 == mine.left_e8 / E8 * mine.is_open


def test_a_mode_the_symbol_lacks_is_refused():
    """With the code and the text the FAQ gives."""
    desk = Desk(FREE._replace(stp_allowed=("NONE", "EXPIRE_TAKER", "EXPIRE_BOTH")))

    with pytest.raises(VenueRefusal) as refused:
        desk.place(desk.a, "BUY LIMIT 1 at 1", stp_mode="EXPIRE_MAKER")

    text = "This symbol does not allow the specified self-trade prevention mode."
    assert refused.value.args == (-1013, text)


def test_without_a_mode_the_symbols_default_holds():
    """`defaultSelfTradePreventionMode`."""
    desk = Desk(FREE._replace(stp_default="EXPIRE_TAKER"))

    assert desk.place(desk.a, "BUY LIMIT 1 at 1").stp_mode == "EXPIRE_TAKER"
