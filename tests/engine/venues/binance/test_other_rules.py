"""What if the exchange tells other rules while an engine runs, or since its journal began?"""

from typing import Any

import pytest

from engine.venues.asking import OPEN, Refusal, Seen
from engine.venues.binance import reasons
from engine.venues.binance.rules import Rules
from tests.engine.venues.binance.desk import (
    SELL_MARKET,
    Line,
    eth_rules,
    filters,
    order_row,
    submit,
    symbol_row,
)

FINE = {"PRICE_FILTER": {"minPrice": "0.001", "maxPrice": "1000000.00", "tickSize": "0.001"}}
COARSE = {"LOT_SIZE": {"minQty": "0.001", "maxQty": "9000.0", "stepSize": "0.001"}}


def told(line: Line, changes: dict[str, Any]) -> None:
    """The venue's rules as they are now."""
    line.wait(301.0)
    (asked,) = [one for one in line.leaves() if one["method"] == "exchangeInfo"]
    row = symbol_row(filters=filters(**changes))
    line.reply(asked, {"symbols": [row], "exchangeFilters": [], "rateLimits": []})


def counted_in(tick_e8: int, lot_e8: int, **changes: Any) -> Rules:
    """Rules of an engine that counts in these units."""
    rules = eth_rules(filters=filters(**changes))
    return rules._replace(instrument=rules.instrument.counted_in(tick_e8, lot_e8))


@pytest.mark.parametrize("changes", [FINE, COARSE])
def test_other_steps_are_noted_once_and_until_they_are_those_of_before(changes):
    """Finer or coarser; what is told lies there for who may take it over, and nothing stays."""
    line = Line()
    for _ in range(2):
        told(line, changes)
    notes = [note for note in line.books.notes if "another tick or lot" in note]
    assert notes == ["ETHUSDT has another tick or lot now"]
    assert line.books.outdated == {0}
    assert line.books.told[0] == eth_rules(filters=filters(**changes)).instrument

    told(line, {})

    assert not line.books.outdated


@pytest.mark.parametrize("changes", [FINE, COARSE, {}])
def test_steps_that_were_carried_over_are_no_others(changes):
    """The core counts in finer ones; the exchange's own are those it was told of."""
    line = Line(rules=counted_in(50_000, 1_000, **changes))

    told(line, changes)

    assert not line.books.outdated
    assert line.books.rules[0].instrument.tick_e8 == 50_000


def test_an_order_that_a_filter_fails_there_makes_the_rules_be_asked_for():
    """Rules change between two looks; whoever is refused by them looks at once."""
    line = Line()
    line.submit(submit(1, SELL_MARKET, lots=1_230, price=0))
    sent = line.only("order.place")

    line.refuse(sent, -1013, "Filter failure: LOT_SIZE")

    assert [one["method"] for one in line.leaves()] == ["exchangeInfo"]


def test_an_order_in_units_is_held_against_the_exchanges_own_steps():
    """A quantity between two of its lots never leaves; one of whole lots is told in decimals."""
    rules = counted_in(1_000_000, 10_000, **COARSE)
    line = Line(rules=rules)

    between = line.submit(submit(1, SELL_MARKET, lots=1_234, price=0))
    line.submit(submit(2, SELL_MARKET, lots=1_230, price=0))
    sent = line.only("order.place")
    heard = line.reply(sent, order_row(2, executedQty="0.12300000"))

    assert [answer for _, answer in between] == [Refusal(reasons.LOT_SIZE)]
    assert sent["params"]["quantity"] == "0.1230"
    assert [answer for _, answer in heard] == [Seen(2, OPEN, 1_230)]
