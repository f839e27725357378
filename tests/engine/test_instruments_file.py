"""Are the instruments of the day those of the shipped file, or of a file of one's own?"""

from datetime import date
from pathlib import Path

import pytest

from engine.errors import Refused
from engine.instruments import BOUND, E8, e8_of, refuse_beyond_bounds
from engine.instruments_file import instrument, load_instruments

TODAY = instrument("ETHUSDT", date(2025, 6, 1))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"price_max": BOUND}, "notional_of"),
        ({"lots_max": BOUND // 2}, "notional_of"),
        ({"tick_e8": BOUND}, "define"),
        ({"tick_e8": 0}, "define"),
        ({"lots_max": 0}, "notional_of"),
        ({"tick_e8": 3, "lot_e8": 7, "lots_max": 1, "price_max": 2**40}, "lots_for"),
    ],
)
def test_what_could_pass_the_bounds_is_refused_at_the_door(change, word):
    """The message names the product and the formula it would break."""
    with pytest.raises(Refused, match=word) as refused:
        refuse_beyond_bounds(TODAY._replace(**change))

    assert refused.value.code == 2


@pytest.mark.parametrize("name", sorted(load_instruments()))
def test_every_shipped_instrument_is_within_bounds_and_in_order(name):
    """Rows are dated once each, steps and limits are positive, the market order is no larger."""
    rows = load_instruments()[name]

    dates = [since for since, _ in rows]

    assert dates == sorted(set(dates))
    for _, one in rows:
        refuse_beyond_bounds(one)
        assert one.name == name.removesuffix("-PERP") + name[len(one.base + one.quote) :]
        assert 0 < one.market_lots_max <= one.lots_max
        assert 0 < one.price_min < one.price_max
        assert one.lots_min == 1


@pytest.mark.parametrize(
    ("name", "on", "tick", "lot", "notional_min"),
    [
        ("ETHUSDT", date(2017, 8, 17), "0.01", "0.00001", 10),
        ("ETHUSDT", date(2021, 9, 16), "0.01", "0.00001", 10),
        ("ETHUSDT", date(2021, 9, 17), "0.01", "0.0001", 10),
        ("ETHUSDT", date(2023, 9, 8), "0.01", "0.0001", 5),
        ("BTCUSDT", date(2025, 1, 1), "0.01", "0.00001", 5),
        ("BNBUSDT", date(2024, 11, 3), "0.1", "0.001", 5),
        ("BNBUSDT", date(2024, 11, 4), "0.01", "0.001", 5),
        ("SOLUSDT-PERP", date(2025, 8, 11), "0.001", "0.01", 5),
        ("SOLUSDT-PERP", date(2025, 8, 12), "0.01", "0.01", 5),
    ],
)
def test_filters_are_those_of_the_day(name, on, tick, lot, notional_min):
    """A row holds from its date until the next."""
    found = instrument(name, on)

    assert (found.tick_e8, found.lot_e8) == (e8_of(tick), e8_of(lot))
    assert found.notional_min_e8 == notional_min * E8


def test_an_unknown_symbol_is_refused_with_the_known_ones():
    """Whoever mistyped sees what there is."""
    with pytest.raises(Refused, match=r"no instrument 'ETHUSD'; known are .*ETHUSDT"):
        instrument("ETHUSD", date(2025, 1, 1))


def test_a_date_before_the_first_row_is_refused():
    """What is not known is not made up."""
    with pytest.raises(Refused, match=r"DOGEUSDT before 2021-04-29 are not known"):
        instrument("DOGEUSDT", date(2021, 4, 28))


OWN = """
[PEPEUSDT]
base = "PEPE"
quote = "USDT"
from = 2023-05-05
tick = "0.00000001"
lot = "1"
quantity_max = "1000000000"
market_quantity_max = "2000000000"
notional_min = "5"
price_max = "0.01"
changes = []
"""


def test_own_instruments_are_read(tmp_path):
    """A user's file has the shape of the shipped one."""
    path = tmp_path / "mine.toml"
    path.write_text(OWN)

    found = instrument("PEPEUSDT", date(2023, 5, 5), str(path))

    assert (found.tick_e8, found.price_max, found.lots_max) == (1, 1_000_000, 10**9)
    assert found.market_lots_max == found.lots_max


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('lot = "1"', 'lot = "one"'),
        ('lot = "1"', ""),
        ('lot = "1"', 'lot = "1'),
        ("2023-05-05", '"2023-05-05"'),
        ("changes = []", "changes = 5"),
        ("changes = []", 'changes = [{ lot = "0" }]'),
        ("[PEPEUSDT]", "top = 1\n[PEPEUSDT]"),
    ],
)  # fmt: skip
def test_a_wrong_instruments_file_is_refused(tmp_path: Path, old, new):
    """What is wrong with it is said, and no traceback."""
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace(old, new))

    with pytest.raises(Refused) as refused:
        load_instruments(str(path))

    assert refused.value.code == 2
