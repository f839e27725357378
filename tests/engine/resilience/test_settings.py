"""Do a profile's values become the settings, and are there no others?"""

import pytest

from engine.profile import ALL_KEYS, load_profile, shipped
from engine.resilience.settings import (
    ROWS,
    Backoff,
    BreakerSettings,
    PoolSettings,
    Resilience,
    settings_of,
)


def test_the_default_profile_is_the_settings_own_defaults():
    """5, 60 s, 3; 1 to 10 connections; 100 ms doubled up to 30 s; every strategy."""
    found = settings_of(load_profile("scalping").values)

    assert found == Resilience()
    assert found.breaker == BreakerSettings(5, 60.0, 3, adaptive_mode=True, learning_rate=0.1)
    assert found.pool == PoolSettings(1, 10, 30.0, 300.0, 60.0, adaptive_scaling=True)
    assert found.backoff == Backoff(100, 30_000, 2.0, jitter=1)
    assert found.strategies == ("retry", "restart", "failover", "degrade")


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_has_settings(name):
    """Whatever it trades."""
    assert isinstance(settings_of(load_profile(name).values), Resilience)


def test_every_key_is_read_under_its_own_name():
    """Each key of the table moves its own field, and no other."""
    usual = load_profile("scalping").values
    for key, row in ROWS.items():
        other = row.low if row.low != usual[key] else row.high
        low = {"error_recovery.backoff.base_delay_ms": 1} if "max_delay" in key else {}
        before = fields_of(settings_of({**usual, **low}))

        after = fields_of(settings_of({**usual, **low, key: other}))

        moved = {name for name in before if before[name] != after[name]}
        assert moved == {key}


def fields_of(settings: Resilience) -> dict[str, object]:
    """Every field by its profile key."""
    tables = {
        "circuit_breaker": settings.breaker._asdict(),
        "connection_pool": settings.pool._asdict(),
        "error_recovery": {
            "strategies": settings.strategies,
            "patience_s": settings.patience_s,
        },
        "error_recovery.backoff": settings.backoff._asdict(),
    }
    return {
        f"{table}.{name}": value for table, row in tables.items() for name, value in row.items()
    }


def test_the_rows_are_part_of_every_profile():
    """A profile that lacks one is refused, as for every other key."""
    assert set(ROWS) <= set(ALL_KEYS)
