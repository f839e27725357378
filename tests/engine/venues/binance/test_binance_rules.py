"""Are the exchange's rules for symbols and orders read exactly, and its own examples kept?"""

import gzip
import json
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.messages import SubmitOrder
from engine.venues.binance.limits import Limits
from engine.venues.binance.reading import Unreadable
from engine.venues.binance.requests import place
from engine.venues.binance.rules import (
    FIELDS,
    exchange_filters_of,
    filter_of,
    market_of,
)
from tests.engine.venues.binance.desk import (
    BUY_LIMIT,
    START,
    eth_rules,
    filters,
    symbol_row,
)

E8 = 100_000_000


def documented(shared: Path, name: str) -> list[dict[str, Any]]:
    """The examples of one page."""
    found = json.loads((shared / "exchange_fixtures/binance_docs" / f"{name}.json").read_text())
    return list(found)


def test_documented_filters_are_read_or_named(shared):
    """Those of orders that are never sent are refused by their names."""
    read, named = [], []
    for row in documented(shared, "filters"):
        value = row["value"]
        if value["filterType"].startswith("EXCHANGE_"):
            exchange_filters_of([value])
            continue
        if value["filterType"] in FIELDS:
            filter_of(value)
            read.append(value["filterType"])
            continue
        with pytest.raises(Unreadable, match=value["filterType"]):
            filter_of(value)
        named.append(value["filterType"])

    assert len(read) == 10
    assert set(named) == {
        *("ICEBERG_PARTS", "MAX_NUM_ICEBERG_ORDERS", "TRAILING_DELTA", "MAX_NUM_ORDER_AMENDS"),
        *("MAX_NUM_ORDER_LISTS", "MAX_ASSET"),
    }


def test_a_recorded_exchange_info_becomes_instruments(shared):
    """Binance US of 2021, six symbols: steps, bounds, and filters of the older kind."""
    path = shared / "exchange_fixtures/cryptofeed/BINANCE_US.exchangeInfo.gz"
    with gzip.open(path, "rt") as file:
        text = file.read()
    market = market_of(json.loads(text[text.index("{") :]))
    limits = Limits()
    limits.learn(market.rate_limits, START)
    one = market.rules["BTCUSDT"]

    assert (len(market.rules), market.refused) == (6, {})
    assert (one.instrument.tick_e8, one.instrument.lot_e8) == (1_000_000, 100)
    assert one.instrument.market_lots_max == 3_200_000_000
    assert (one.filters.notional_min, one.filters.bid_up) == (10 * E8, 5 * E8)
    assert one.order_types == {
        "LIMIT",
        "LIMIT_MAKER",
        "MARKET",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT_LIMIT",
    }
    assert {(row.type, row.interval_s, row.limit) for row in limits.headroom(START)} == {
        ("REQUEST_WEIGHT", 60, 1_200),
        ("ORDERS", 10, 100),
        ("ORDERS", 86_400, 200_000),
        ("RAW_REQUESTS", 300, 6_100),
    }


def test_documented_symbols_without_filters_are_read(shared):
    """Then steps are those of the assets' decimals, and nothing is bounded but by arithmetic."""
    told = {row["line"]: row["value"] for row in documented(shared, "rest-api")}
    rules = market_of(told[812]).rules["ETHBTC"]

    assert (rules.instrument.tick_e8, rules.instrument.lot_e8) == (1, 1)
    assert rules.may_trade(frozenset({"SPOT"}))
    assert not rules.may_trade(frozenset({"LEVERAGED"}))


TOO_FINE = {"minPrice": "0", "maxPrice": "1", "tickSize": "1e-9"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {
                "filters": filters(
                    PRICE_FILTER={"minPrice": "0", "maxPrice": "1", "tickSize": "1e-9"}
                )
            },
            "tickSize",
        ),
        ({"filters": filters(NEW_KIND={})}, ""),
        ({"filters": None}, "filters is no array"),
        ({"baseAssetPrecision": 9, "filters": filters(LOT_SIZE=None)}, "baseAssetPrecision"),
        ({"status": 5}, "status is no text"),
    ],
)
def test_a_symbol_that_cannot_be_counted_is_refused_by_a_name(change, why):
    """Finer than 1e-8, or malformed; a filter of an unknown kind alone is no reason."""
    market = market_of({"symbols": [symbol_row(**change)]})

    assert why in market.refused.get("ETHUSDT", "")
    assert bool(why) is not bool(market.rules)


OURS = {
    0,
    1,
    3,
    4,
}  # of the others the core has no order: post only, icebergs, limits with triggers


def test_order_forms_of_another_client_are_ours(shared):
    """Amounts cut to the step, prices on the tick, the same parameters."""
    told = json.loads((shared / "exchange_fixtures/ccxt_request_vectors.json").read_text())
    steps = {"LTCUSDT": ("0.001", "0.01"), "BTCUSDT": ("0.00001", "0.01")}
    compared = 0
    for number, vector in enumerate(told["vectors"]):
        wanted = dict(pair.split("=") for pair in vector["expect"].split("&"))
        if number not in OURS or "quoteOrderQty" in wanted:
            continue
        lot, tick = steps[wanted["symbol"]]
        rules = eth_rules(
            symbol=wanted["symbol"],
            filters=filters(
                LOT_SIZE={"minQty": lot, "maxQty": "9000", "stepSize": lot},
                PRICE_FILTER={"minPrice": tick, "maxPrice": "100000", "tickSize": tick},
            ),
        )
        price = Decimal(str(vector["price"])).quantize(Decimal(tick), ROUND_DOWN)
        order = SubmitOrder(
            *(0, START, START, 1, rules.lots_down(str(vector["amount"]))),
            *(rules.instrument.ticks_of(price), 0, 0, BUY_LIMIT),
        )
        sent = place(order, rules, "S0badcafe-7-1").parameters
        amounts = ("quantity", "price")
        assert {key: Decimal(str(sent[key])) for key in amounts} == {
            key: Decimal(wanted[key]) for key in amounts
        }
        assert {key: sent[key] for key in wanted if key not in amounts} == {
            key: value for key, value in wanted.items() if key not in amounts
        }
        compared += 1

    assert compared == 3
