"""Which asset may pay fees beside what is traded? One that is traded itself is no other one."""

import pytest

from engine.beginning import fee_asset_of
from engine.instruments_file import load_instruments
from engine.parts import Source
from engine.venues.settings import Exchange

ETHER = load_instruments()["ETHUSDT"][-1][1]


@pytest.mark.parametrize(
    ("base", "quote", "exchange", "asset"),
    [
        ("ETH", "USDT", Exchange("binance"), "BNB"),
        ("BNB", "USDT", Exchange("binance"), ""),
        ("ETH", "BNB", Exchange("binance"), ""),
        ("ETH", "USDT", None, ""),
    ],
)
def test_it_is_a_balance_of_its_own_only_where_it_is_not_traded(base, quote, exchange, asset):
    """Its balance would be counted twice."""
    traded = ETHER._replace(base=base, quote=quote)
    source = Source("any", False, [traded], 0, 0, lambda _skip: iter(()), exchange)

    assert fee_asset_of(source) == asset
