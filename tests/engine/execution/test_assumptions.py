"""Is no price of the simulated venue better than a real one could be?"""

import random

import pytest

from engine.execution.assumptions import half_spread, lots_for_us, slippage_ticks, worse
from engine.layout import fresh
from engine.messages import (
    BUY,
    LIMIT,
    MAKER,
    SELL,
    STOP,
    OrderAccepted,
)
from engine.strategy.features import MARKET
from tests.builders import fills
from tests.engine.execution.simulated_venue import Venue, volume_for

P = 300_000  # ticks
SLIP = 31  # what 100 ppm of a price near P are, rounded up
FREE = {"maker_fee_ppm": 0, "taker_fee_ppm": 0, "slippage_ppm": 0}


def test_a_market_order_pays_open_half_spread_and_slippage():
    """Around the open of the bar it came before: one tick of half-spread, slippage rounded up."""
    venue = Venue()
    order_id = venue.buy(100)

    accepted, filled = venue.bar(P, P + 900, P - 900, P + 500)

    assert accepted == OrderAccepted(0, venue.now_ns, venue.now_ns, order_id)
    assert (filled.order_id, filled.price, filled.lots, filled.flags) == (1, P + 1 + SLIP, 100, BUY)
    assert filled.fee_e8 == (P + 1 + SLIP) * 100 * 100 // 1000


def test_a_market_order_that_sells_gets_less():
    """The same costs on the other side."""
    venue = Venue(held=100)
    venue.sell(100)

    filled = fills(venue.bar(P, P + 900, P - 900, P + 500))[0]

    assert (filled.price, filled.flags) == (P - 1 - SLIP + 1, SELL)


def test_an_order_that_arrives_with_the_bars_end_trades_at_its_end():
    """The open is past for who comes last."""
    venue = Venue(latency_ns=60_000_000_000, **FREE)
    venue.buy(100)

    filled = fills(venue.bar(P, P + 900, P - 900, P + 500))[0]

    assert filled.price == P + 500 + 1


@pytest.mark.parametrize(("bid", "ask"), [(P, P), (P, P + 1), (P, P + 2), (P, P + 7)])
def test_a_taker_gets_the_books_own_prices(bid, ask):
    """Where there is a book it is bought at the ask and sold at the bid, however odd the spread."""
    venue = Venue(held=100, **FREE)
    venue.buy(100)
    venue.sell(100)

    bought, sold = fills(venue.book(bid, ask))

    assert (bought.price, sold.price) == (ask, bid)


def test_an_order_that_goes_on_filling_pays_the_book_too():
    """The rest of a market order takes what the next book asks."""
    venue = Venue(**FREE)
    venue.buy(100)
    venue.book(P, P + 3, volume_for(40))

    filled = fills(venue.book(P + 10, P + 15))[0]

    assert (filled.price, filled.lots) == (P + 15, 60)


def test_costs_are_never_in_our_favour():
    """Half-spread and slippage move a price against the taker, or not at all."""
    draw = random.Random(1)
    market, parameters = fresh(MARKET), Venue().paper
    for _ in range(2_000):
        market.bid = draw.randrange(1, P)
        market.ask = market.bid + draw.choice((0, 1, 2, 3, draw.randrange(P)))
        parameters.slippage_ppm = draw.randrange(100_001)
        middle = (market.bid + market.ask) // 2

        bought = worse(BUY, middle, half_spread(BUY, market))
        sold = worse(SELL, middle, half_spread(SELL, market))

        assert (bought, sold) == (market.ask, market.bid)
        assert worse(BUY, bought, slippage_ticks(bought, parameters)) >= bought
        assert 1 <= worse(SELL, sold, slippage_ticks(sold, parameters)) <= sold


def test_volume_for_us_never_wraps():
    """The largest volume times the largest share is still a number."""
    venue = Venue(volume_share_ppm=1_000_000)
    market = venue.symbol.features.market
    market.volume_e8 = 1 << 61

    assert 0 < lots_for_us(market, venue.symbol.instrument, venue.paper) < 1 << 62
    venue.symbol.instrument.lot_e8 = 0
    assert lots_for_us(market, venue.symbol.instrument, venue.paper) == 0


@pytest.mark.parametrize(("low", "filled"), [(P - 49, 0), (P - 50, 0), (P - 51, 1)])
def test_a_resting_limit_fills_only_when_the_price_goes_through(low, filled):
    """Touched is not filled: the queue ahead is unknown. It pays its own price as a maker."""
    venue = Venue()
    venue.bid(100, P - 50)

    found = fills(venue.bar(P, P, low, P))

    assert len(found) == filled
    assert all((one.price, one.flags) == (P - 50, BUY + MAKER) for one in found)


@pytest.mark.parametrize(("high", "filled"), [(P + 50, 0), (P + 51, 1)])
def test_a_resting_limit_that_sells_fills_the_same_way(high, filled):
    """The price must rise through it."""
    venue = Venue(held=100)
    venue.send(LIMIT, SELL, 100, P + 50)

    found = fills(venue.bar(P, high, P, P))

    assert [(one.price, one.flags) for one in found] == [(P + 50, SELL + MAKER)] * filled


@pytest.mark.parametrize(("ask", "filled"), [(P + 20, 0), (P, 0), (P - 1, 1)])
def test_a_falling_bid_alone_fills_no_limit(ask, filled):
    """In a book, buyers who leave prove nothing; the sellers must come through our price."""
    venue = Venue()
    venue.bid(100, P)
    venue.book(P + 20, P + 30)

    found = fills(venue.book(P - 10, ask))

    assert len(found) == filled


def test_maker_and_taker_pay_their_own_fee():
    """Who rests pays the maker's fee, who takes the taker's, rounded half up to 1e-8."""
    venue = Venue(maker_fee_ppm=200, taker_fee_ppm=700)
    venue.bid(101, P - 50)
    rested = fills(venue.bar(P, P, P - 60, P))[0]
    venue.buy(101)
    took = fills(venue.bar(P, P, P, P))[0]

    assert rested.fee_e8 == ((P - 50) * 101 * 100 * 200 + 500_000) // 1_000_000
    assert took.fee_e8 == (took.price * 101 * 100 * 700 + 500_000) // 1_000_000


def test_a_limit_beyond_the_quote_takes_but_never_beyond_its_price():
    """It arrives where sellers already ask less: a taker, with slippage up to its own price."""
    venue = Venue()
    venue.bid(100, P + 10)

    filled = fills(venue.bar(P, P + 900, P - 900, P))[0]

    assert (filled.price, filled.flags) == (P + 10, BUY)


def test_a_selling_limit_beyond_the_quote_takes_but_never_below_its_price():
    """As above, on the other side."""
    venue = Venue(held=100)
    venue.send(LIMIT, SELL, 100, P - 10)

    filled = fills(venue.bar(P, P + 900, P - 900, P))[0]

    assert (filled.price, filled.flags) == (P - 10, SELL)


def test_a_limit_at_the_bid_of_a_narrow_book_rests():
    """One tick of spread is a spread: who bids does not take."""
    venue = Venue()
    venue.bid(100, P)

    reports = venue.book(P, P + 1)

    assert [type(one) for one in reports] == [OrderAccepted]


def test_a_stop_waits_for_its_price_and_then_takes():
    """Touching is enough for a stop; it sells around its trigger, with all costs of a taker."""
    venue = Venue(held=100)
    venue.stop(100, P - 500)

    waiting = venue.bar(P, P, P - 499, P)
    filled = fills(venue.bar(P, P, P - 500, P))[0]

    assert fills(waiting) == []
    assert filled.price == P - 500 - 1 - 30
    assert filled.flags == SELL


def test_a_gap_through_the_stop_fills_at_the_open():
    """Nobody bought at the trigger where the market opened below it."""
    venue = Venue(held=100, **FREE)
    venue.stop(100, P - 500)

    filled = fills(venue.bar(P - 2_000, P - 1_900, P - 2_100, P - 2_000))[0]

    assert filled.price == P - 2_000 - 1


def test_a_buying_stop_is_the_mirror():
    """It triggers on the way up and pays the open of a gap."""
    venue = Venue(**FREE)
    venue.send(STOP, BUY, 100, P + 500)

    assert fills(venue.bar(P, P + 499, P, P)) == []
    assert fills(venue.bar(P + 900, P + 900, P + 800, P + 800))[0].price == P + 901


def test_in_a_book_a_stop_sells_at_the_bid():
    """When even the sellers ask no more than the trigger, it gets what the buyers pay."""
    venue = Venue(held=100, **FREE)
    venue.stop(100, P)
    venue.book(P + 10, P + 13)

    assert fills(venue.book(P - 5, P + 1)) == []
    assert fills(venue.book(P - 9, P - 4))[0].price == P - 9


def test_costs_of_spread_and_slippage_are_counted_apart():
    """A report can split what trading cost."""
    venue = Venue()
    venue.buy(100)
    venue.bar(P, P, P, P)

    assert venue.venue.spread_e8 == 100 * 100
    assert venue.venue.slippage_e8 == SLIP * 100 * 100
