"""Is each profile that comes with the engine whole, and different for its reason alone?"""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.layout import I, Parameter
from engine.profile import ALL_KEYS, PROFILES, as_toml, checked, flattened, load_profile

SHIPPED = sorted(PROFILES.glob("*.toml"))


def anything(row: Parameter) -> st.SearchStrategy[Any]:
    """Any value that a key may have."""
    if row.kind == I:
        return st.integers(int(row.low), int(row.high))
    return st.floats(row.low, row.high)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_profile_is_complete(path):
    """Each key of the engine stands in it once, with its meaning, unit and range beside it."""
    text = path.read_text()

    profile = load_profile(path.stem)

    assert list(flattened(tomllib.loads(text))) == [*ALL_KEYS, *profile.texts]
    opening = text.splitlines()[0].removeprefix("# ")
    assert as_toml(profile.values, opening, profile.texts) == text


def test_real_money_is_in_one_profile_alone():
    """The others cannot reach it, whichever words are left out."""
    real = [path.stem for path in SHIPPED if load_profile(path.stem).values["exchange.real_money"]]

    assert real == ["binance-live"]


def test_every_shipped_profile_is_another_one_and_says_what_for():
    """No two of the same values or the same first line."""
    lines = {path.read_text().splitlines()[0] for path in SHIPPED}

    assert {path.stem for path in SHIPPED} == {
        "backtest", "binance-live", "binance-paper", "conservative", "paper", "scalping",
        "small-box",
    }  # fmt: skip
    assert len({load_profile(path.stem).digest() for path in SHIPPED}) == len(SHIPPED)
    assert len(lines) == len(SHIPPED)
    assert all(len(line) > 40 for line in lines)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        (
            "paper",
            {
                "features.half_spread_ticks": 1,
                "paper.latency_ns": 1,
                "paper.slippage_ppm": 1,
                "paper.volume_share_ppm": -1,
            },
        ),
        (
            "small-box",
            {
                "journal.segment_bytes": -1,
                "journal.free_disk_floor_bytes": -1,
                "journal.reserved_bytes": -1,
                "run.heartbeat_ns": 1,
                "schedule.interval_seconds": 1,
                "cache.entries": -1,
                "cache.bytes": -1,
            },
        ),
        (
            "backtest",
            {
                "schedule.interval_seconds": -1,
                "schedule.jitter_seconds": -1,
                "breakers.drawdown_half": 1,
                "breakers.drawdown_conservative": 1,
                "breakers.drawdown_stop": 1,
            },
        ),
        (
            "conservative",
            {
                "schedule.interval_seconds": 1,
                "strategy.confidence_min": 1,
                "sizing.fraction": -1,
                "risk.position_max": -1,
                "risk.exposure_max": -1,
                "risk.orders_per_minute_max": -1,
            },
        ),
    ],
)
def test_a_profile_differs_from_the_default_for_its_reason_alone(name, changed):
    """Dearer and slower, lighter, never stopped, smaller: each in its direction, else nothing."""
    usual, own = load_profile("scalping").values, load_profile(name).values

    numbers = {key: own[key] - usual[key] for key in ALL_KEYS if key != "orders.entry"}
    moved = {key: 1 if step > 0 else -1 for key, step in numbers.items() if step}

    assert moved == changed
    assert (own["orders.entry"] != usual["orders.entry"]) == (name == "conservative")


def test_the_default_profile_is_the_defaults():
    """The engine's own defaults and the file a newcomer reads say the same."""
    assert load_profile("scalping").values == {key: row.default for key, row in ALL_KEYS.items()}


@given(values=st.fixed_dictionaries({key: anything(row) for key, row in ALL_KEYS.items()}))
def test_any_profile_is_written_so_that_it_is_read_again(values):
    """What is printed is a whole profile: the same numbers to the last bit, choices by name."""
    text = as_toml(values, "Any.")

    again = flattened(tomllib.loads(text))

    assert {key: checked(key, value) for key, value in again.items()} == values
