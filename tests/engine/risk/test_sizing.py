"""How large is an entry, and how far away its stop?"""

from typing import Any

import pytest

from engine.layout import fresh
from engine.risk.sizing import entry_lots, stop_price
from engine.state import PARAMETERS
from tests.builders import E8, PRICE
from tests.engine.execution.simulated_venue import Venue


def sizing(**changes: float) -> Any:
    """The parameters of sizing at their defaults, but for these."""
    made = fresh(PARAMETERS["sizing"])
    for name, row in PARAMETERS["sizing"].items():
        setattr(made, name, changes.get(name, row.default))
    return made


def lots_of(parameters: Any, equity_e8: int, factor: float = 1.0, price: int = PRICE) -> int:
    """The lots of an entry in ether."""
    found: int = entry_lots(parameters, Venue().symbol.instrument, equity_e8, price, factor)
    return found


@pytest.mark.parametrize(("factor", "value"), [(1.0, 950), (0.5, 475), (0.25, 237.5)])
def test_an_entry_is_worth_its_fraction_of_equity(factor, value):
    """As many whole lots as fit into it: never more."""
    lots = lots_of(sizing(), 10_000 * E8, factor)

    assert lots * 0.0001 * 3_000 <= value < (lots + 1) * 0.0001 * 3_000


def test_a_fixed_quantity_ignores_equity():
    """For who compares runs: every entry alike."""
    assert lots_of(sizing(lots_fixed=77), 0) == 77


@pytest.mark.parametrize("equity", [0, -10_000 * E8, 4 * 10**18 * 11])
def test_what_has_no_equity_or_beyond_measure_buys_nothing(equity):
    """Nothing, a debt, or more than the bound of every money formula."""
    assert lots_of(sizing(), equity) == 0


@pytest.mark.parametrize(
    ("share", "price"), [(0.0, 0), (0.02, 294_000), (0.5, 150_000), (0.000001, 300_000), (1.0, 0)]
)
def test_a_stop_lies_its_share_below_the_entry(share, price):
    """Rounded toward the entry; without distance, or with all of it, there is none."""
    one = Venue().symbol.instrument

    assert stop_price(sizing(stop_loss=share), one, PRICE) == price
