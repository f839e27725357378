"""Is the simulated market one market, whoever asks and wherever they begin?"""

from collections import Counter
from datetime import date
from hashlib import sha256
from itertools import islice, pairwise

import pytest

from engine.instruments_file import instrument
from engine.market.simulated import (
    BUSY,
    CALM,
    FACTOR_MAX,
    FAR,
    MINUTE_NS,
    PRICES,
    START_NS,
    START_PRICE,
    TRADES_A_MINUTE,
    TRENDING,
    SimulatedMarket,
    market_of,
    played,
)
from engine.messages import BarClosed, TradeTick, decode

MONTH = 30 * 1440


def trades(market: SimulatedMarket, count: int) -> list[TradeTick]:
    """Its first trades."""
    return [decode(record) for record in islice(market.trades(), count)]


@pytest.fixture(scope="module")
def month():
    """A month of minutes."""
    return list(islice(SimulatedMarket(4).minutes(), MONTH))


def test_the_same_bits_everywhere():
    """Only exact arithmetic makes it: these bytes are the same on every machine."""
    first = b"".join(islice(SimulatedMarket(1).trades(), 30_000))

    assert sha256(first).hexdigest()[:16] == "e88717fcfb65846d"


@pytest.mark.parametrize("skip", [0, 1, 29, 30, 31, 4_567])
def test_it_is_taken_up_anywhere(skip):
    """What follows the skipped trades is what would have followed them."""
    whole = list(islice(SimulatedMarket(2).trades(), skip + 70))

    assert list(islice(SimulatedMarket(2).trades(skip), 70)) == whole[skip:]


def test_another_seed_is_another_market():
    """Also in its neighbour's minutes."""
    markets = [trades(SimulatedMarket(seed), 300) for seed in (0, 1, 2)]

    assert len({trade.volume for market in markets for trade in market}) == 900


def test_bars_are_those_of_the_trades():
    """One market in two grains."""
    made = trades(SimulatedMarket(3), 50 * TRADES_A_MINUTE)

    bars = [decode(record) for record in islice(SimulatedMarket(3).bars(), 50)]

    for number, bar in enumerate(bars):
        inside = made[number * TRADES_A_MINUTE : (number + 1) * TRADES_A_MINUTE]
        prices = [trade.price for trade in inside]
        opened_ns = START_NS + number * MINUTE_NS
        ends = (prices[0], max(prices), min(prices), prices[-1])
        volume = sum(trade.volume for trade in inside)
        assert bar == BarClosed(0, opened_ns, opened_ns + MINUTE_NS, *ends, volume)


def test_trades_stand_in_time_with_ids_from_one():
    """Received when they happened, inside their minute, one after another."""
    made = trades(SimulatedMarket(1, start_ns=MINUTE_NS), 90)

    assert [trade.trade_id for trade in made] == list(range(1, 91))
    assert all(one.received_ns < other.received_ns for one, other in pairwise(made))
    assert [trade.time_ns // MINUTE_NS for trade in made] == [1] * 30 + [2] * 30 + [3] * 30
    assert {(trade.symbol, trade.time_ns - trade.received_ns) for trade in made} == {(0, 0)}


def test_it_begins_where_it_is_told():
    """A market of another price is the same one in other steps."""
    minutes = list(islice(SimulatedMarket(1, start_price=6_100_000).minutes(), 500))
    ether = list(islice(SimulatedMarket(1).minutes(), 500))

    assert minutes[0].opening == 6_100_000
    assert [one.closing / 6_100_000 for one in minutes] == pytest.approx(
        [one.closing / START_PRICE for one in ether]
    )


def test_regimes_last_and_move_as_long_and_as_much_as_they_say(month):
    """Shares in proportion to their lengths; a trend leans one way while it lasts."""
    count = Counter(minute.regime for minute in month)
    changes = sum(one.regime != other.regime for one, other in pairwise(month))

    assert count[CALM] > count[BUSY] > count[TRENDING] > 0
    assert MONTH / 500 < changes < MONTH / 150
    for regime in (CALM, BUSY, TRENDING):
        inside = [minute.volatility for minute in month if minute.regime == regime]
        assert 1.0 < sum(inside) / len(inside) / regime.volatility < 1.2


def test_the_price_stays_within_reach():
    """A market that runs for ever keeps to prices an instrument allows."""
    market = SimulatedMarket(5)

    closes = [minute.closing for minute in islice(market.minutes(), 0, 6 * MONTH, 60)]

    assert 2.0 > max(closes) / START_PRICE > 1.0 > min(closes) / START_PRICE > 0.5
    assert FACTOR_MAX > 2.718281828**FAR


@pytest.mark.parametrize("name", played())
def test_every_symbol_opens_near_its_price_and_trades_as_much_money(name):
    """A coin of cents trades in thousands: an order fills as it would in ether."""
    traded, day = instrument(name, date(2025, 1, 1)), 900
    seen, ether = trades(market_of(traded, 3), day), trades(SimulatedMarket(3), day)

    price = seen[0].price * traded.tick_e8 / 1e8
    assert price == pytest.approx(float(PRICES[traded.base]), rel=0.02)
    money = sum(trade.volume for trade in seen) * float(PRICES[traded.base])
    assert money == pytest.approx(sum(trade.volume for trade in ether) * 2_500, rel=1e-4)
    assert min(trade.price for trade in seen) > 0
