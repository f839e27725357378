"""What does a trade cost? Against the worked case of Binance's faqs/commission_faq.md."""

import pytest

from engine.instruments import E8
from engine.venues.exchange.matching.accounts import Commission, Rates
from engine.venues.exchange.matching.words import Rules
from tests.engine.venues.exchange.desk import FREE, Desk, asked, has

FAQ = Commission(
    standard=Rates(maker_e8=10, taker_e8=20, buyer_e8=30, seller_e8=40),
    tax=Rates(maker_e8=112, taker_e8=114, buyer_e8=118, seller_e8=116),
    special=Rates(maker_e8=1_000_000, taker_e8=2_000_000, buyer_e8=3_000_000, seller_e8=4_000_000),
    bnb_e8=25_000_000,
)
STANDARD_E8, TAX_E8, SPECIAL_E8 = 1_049_475, 4_022_988, 104_947_500_000  # USDT, as printed
NONE = Rates(0, 0)
BNBUSDT = Rules("BNBUSDT", "BNB", "USDT", tick_e8=1_000_000, step_e8=10_000)
BNBBTC = Rules("BNBBTC", "BNB", "BTC", tick_e8=100, step_e8=10_000)


def sold(desk: Desk, commission: Commission, **more) -> tuple:
    """The fill of the worked case: a taker sells 0.49975 BTC at 35,000."""
    seller = desk.account({"BTC": E8, "BNB": 100 * E8} | more)
    seller.pay_by(commission)
    desk.place(desk.b, "BUY LIMIT 0.49975 at 35000")
    return desk.place(seller, "SELL MARKET 0.49975").fills[0], seller


@pytest.mark.parametrize(
    ("commission", "fee_e8"),
    [
        (FAQ._replace(tax=NONE, special=NONE), STANDARD_E8),
        (FAQ._replace(standard=NONE, special=NONE), TAX_E8),
        (FAQ._replace(standard=NONE, tax=NONE), SPECIAL_E8),
        (FAQ, STANDARD_E8 + TAX_E8 + SPECIAL_E8),
    ],
)
def test_the_worked_case_in_the_asset_received(commission, fee_e8):
    """Standard, tax and special commission, and their sum, taken from the USDT received."""
    desk = Desk(FREE._replace(step_e8=1_000))

    fill, seller = sold(desk, commission)

    assert (fill.fee_e8, fill.fee_asset) == (fee_e8, "USDT")
    assert seller.balance("USDT").free == 1_749_125_000_000 - fee_e8


def test_the_worked_case_in_bnb():
    """At 260 USDT a BNB the FAQ comes to 4.036607129 BNB; the discount is on the standard alone."""
    desk = Desk(FREE._replace(step_e8=1_000), BNBUSDT)
    desk.exchange.markets["BNBUSDT"].last_price_e8 = 260 * E8

    fill, seller = sold(desk, FAQ._replace(in_bnb=True))

    assert (fill.fee_e8, fill.fee_asset) == (403_660_713, "BNB")
    assert seller.balance("BNB").free == 100 * E8 - 403_660_713
    assert seller.balance("USDT").free == 1_749_125_000_000


@pytest.mark.parametrize(
    ("rules", "bnb"), [((BNBUSDT,), 4 * E8), ((), 100 * E8)], ids=["too little BNB", "no price"]
)
def test_without_enough_bnb_the_full_fee_comes_from_what_was_received(rules, bnb):
    """No discount then."""
    desk = Desk(FREE._replace(step_e8=1_000), *rules)
    for market in rules:
        desk.exchange.markets[market.name].last_price_e8 = 260 * E8

    fill, _ = sold(desk, FAQ._replace(in_bnb=True), BNB=bnb)

    assert (fill.fee_e8, fill.fee_asset) == (STANDARD_E8 + TAX_E8 + SPECIAL_E8, "USDT")


def test_a_buyer_pays_in_the_base_and_a_seller_in_the_quote():
    """By default 0.1 % of what each receives."""
    desk = Desk()
    buyer, seller = (desk.account(maker_ppm=1_000, taker_ppm=1_000) for _ in range(2))
    desk.place(seller, "SELL LIMIT 1 at 100")

    order = desk.place(buyer, "BUY LIMIT 1 at 100")

    assert (order.fills[0].fee_e8, order.fills[0].fee_asset) == (E8 // 1_000, "BTC")
    assert has(buyer, "BTC") == (1_000.999, 0)
    assert has(seller, "USDT") == (1_000_099.9, 0)
    assert desk.exchange.fees.collected == {"BTC": E8 // 1_000, "USDT": E8 // 10}


def test_maker_and_taker_pay_their_own_rates():
    """Of one trade the one that was there pays as maker."""
    desk = Desk()
    one, other = (desk.account(maker_ppm=200, taker_ppm=700) for _ in range(2))
    desk.place(one, "SELL LIMIT 1 at 100")
    desk.place(other, "BUY LIMIT 1 at 100")

    (made,), (took,) = (desk.exchange.fills(account, "BTCUSDT") for account in (one, other))

    assert (made.is_maker, made.fee_e8) == (True, 2_000_000)
    assert (took.is_maker, took.fee_e8) == (False, 70_000)


@pytest.mark.parametrize(("quantity", "fee_e8"), [("0.00000499", 0), ("0.000005", 1)])
def test_a_fee_is_rounded_before_it_touches_a_balance(quantity, fee_e8):
    """Half a hundred-millionth counts as one."""
    desk = Desk(FREE._replace(step_e8=1))
    buyer = desk.account({"USDT": 100 * E8}, taker_ppm=1_000)
    desk.place(desk.b, f"SELL LIMIT {quantity} at 100")

    order = desk.place(buyer, f"BUY MARKET {quantity}")

    assert order.fills[0].fee_e8 == fee_e8
    assert buyer.balance("BTC").free == order.executed_e8 - fee_e8


def test_a_buyers_fee_in_bnb_goes_by_the_pair_there_is():
    """BNBBTC gives a price for BTC at once; without it the way leads over the quote."""
    fees = []
    for others in ((BNBUSDT, BNBBTC), (BNBUSDT,)):
        desk = Desk(FREE, *others)
        desk.exchange.markets["BNBUSDT"].last_price_e8 = 200 * E8
        if len(others) == 2:
            desk.exchange.markets["BNBBTC"].last_price_e8 = E8 // 100
        buyer = desk.account({"USDT": 20_000 * E8, "BNB": E8}, taker_ppm=1_000, fees_in_bnb=True)
        desk.place(desk.b, "SELL LIMIT 1 at 20000")
        fees.append(desk.place(buyer, "BUY LIMIT 1 at 20000").fills[0].fee_e8)

    assert fees == [7_500_000, 7_500_000]  # 0.001 BTC less a quarter, at 100 BNB a BTC


def test_who_buys_bnb_can_pay_with_it():
    """The fee comes out of what was just received, with the discount."""
    desk = Desk(BNBUSDT)
    buyer = desk.account({"USDT": 1_000 * E8}, taker_ppm=1_000, fees_in_bnb=True)
    seller = desk.account({"BNB": 10 * E8})
    for account, words in ((seller, "SELL LIMIT 1 at 200"), (buyer, "BUY LIMIT 1 at 200")):
        desk.exchange.place(account, asked(words)._replace(symbol="BNBUSDT"), desk.tick())

    assert buyer.balance("BNB").free == E8 - 75_000


def test_a_fee_in_bnb_leaves_what_the_rest_of_the_order_will_cost():
    """BNB is the quote here: what is locked for the next step pays no fee of this one."""
    desk = Desk(FREE._replace(name="ETHBNB", base="ETH", quote="BNB"))
    buyer = desk.account({"BNB": 30 * E8}, taker_ppm=1_000, fees_in_bnb=True)
    seller = desk.account({"ETH": 2 * E8})
    for account, words in (
        *((seller, "SELL LIMIT 1 at 10"), (seller, "SELL LIMIT 1 at 20")),
        (buyer, "BUY MARKET 2"),
    ):
        order = desk.exchange.place(account, asked(words)._replace(symbol="ETHBNB"), desk.tick())

    assert [(fill.fee_e8, fill.fee_asset) for fill in order.fills] == [(E8 // 1_000, "ETH")] * 2
    assert has(buyer, "BNB") == (0, 0)
