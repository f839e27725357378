"""Does buy-and-hold pay what a taker pays?"""

from decimal import ROUND_CEILING, Decimal
from types import SimpleNamespace

from engine.statistics.holding import Held, holding_profit, purchases
from tests.builders import E8, ETHER

PAPER = SimpleNamespace(taker_fee_ppm=1_000, slippage_ppm=100)
FREE = SimpleNamespace(taker_fee_ppm=0, slippage_ppm=0)


def profit_at(held, share, paper):
    """Of giving each symbol this share of 10,000."""
    return holding_profit(held, purchases(held, 10_000 * E8, share, paper))


def test_it_buys_at_the_ask_with_slippage_and_fee():
    """Against an account kept in decimals: price, whole lots, fee, value at the last bid."""
    ask, bid, cash = Decimal("3000.01"), Decimal("3300.00"), Decimal(10_000)
    price = (ask * Decimal("1.0001")).quantize(Decimal("0.01"), ROUND_CEILING)
    lots = int(cash / Decimal("1.001") / price / Decimal("0.0001"))
    quantity = lots * Decimal("0.0001")
    cost = quantity * price
    fee = (cost * Decimal("0.001")).quantize(Decimal("1e-8"))

    profit = profit_at([Held(ETHER, 300_001, 330_000)], 1.0, PAPER)

    assert profit == int((quantity * bid - cost - fee) * E8)


def test_a_share_buys_its_share():
    """At a tenth of the cash a tenth of the profit, to within a lot."""
    held = [Held(ETHER, 300_000, 360_000)]

    whole = profit_at(held, 1.0, FREE)
    tenth = profit_at(held, 0.1, FREE)

    assert abs(whole - 2_000 * E8) < E8
    assert abs(tenth - 200 * E8) < E8


def test_a_symbol_without_a_price_is_not_bought():
    """Nothing was heard of it in the period."""
    assert profit_at([Held(ETHER, 0, 0)], 1.0, PAPER) == 0
