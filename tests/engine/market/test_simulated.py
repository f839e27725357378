"""Is the simulated market the same for ever, and believable for every symbol it plays?"""

from datetime import date
from hashlib import sha256
from itertools import islice

import pytest

from engine.instruments import Instrument, instrument
from engine.market.simulated import PRICES, SimulatedMarket, market_of, played
from engine.messages import TradeTick, decode

DAY = date(2025, 1, 1)
# Of the first 3,000 trades of seed 1.
DIGEST = "b33b129eb8e005eadd7cb3fa36716b44cca315677aa1c2f1332d642d9c0945e1"


def trades(traded: Instrument, count: int) -> list[TradeTick]:
    """The first trades of an instrument's market."""
    return [decode(record) for record in islice(market_of(traded, 3).trades(), count)]


def test_ether_is_what_journals_hold():
    """A journal goes on from its seed: not a byte of it may ever change."""
    plain = b"".join(islice(SimulatedMarket(1).trades(), 3_000))
    ether = b"".join(islice(market_of(instrument("ETHUSDT", DAY), 1).trades(), 3_000))

    assert plain == ether
    assert sha256(plain).hexdigest() == DIGEST


@pytest.mark.parametrize("name", played())
def test_every_symbol_opens_near_its_price_and_trades_as_much_money(name):
    """A coin of cents trades in thousands: an order fills as it would in ether."""
    traded = instrument(name, DAY)
    seen, ether = trades(traded, 900), trades(instrument("ETHUSDT", DAY), 900)

    price = seen[0].price * traded.tick_e8 / 1e8
    assert price == pytest.approx(float(PRICES[traded.base]), rel=0.02)
    money = sum(trade.volume for trade in seen) * float(PRICES[traded.base])
    assert money == pytest.approx(sum(trade.volume for trade in ether) * 2_500, rel=1e-4)
    assert min(trade.price for trade in seen) > 0


@pytest.mark.parametrize("name", ["BTCUSDT", "DOGEUSDT"])
def test_a_market_is_taken_up_where_it_was_left(name):
    """After any number of trades come those that would have come."""
    market = market_of(instrument(name, DAY), 3)

    assert list(islice(market.trades(77), 50)) == list(islice(market.trades(), 77, 127))
