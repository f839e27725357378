"""Are numbered keys that go on in even steps foretold, and others left alone?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.series import AHEAD, STEMS_MAX, Series


def foretold(keys) -> list:
    """What is guessed after the last of these keys, without its grades."""
    series = Series()
    for key in keys[:-1]:
        series.asked(key)
    return [key for keys_of in series.asked(keys[-1]).graded.values() for key in keys_of]


def test_bar_times_go_on():
    """Three bars of one symbol and interval confirm the step; four more are foretold."""
    asked = [f"ETH-USDT:bars:{1_700_000_000 + 60 * bar}:1m" for bar in range(3)]

    ahead = foretold(asked)

    assert ahead == [f"ETH-USDT:bars:{1_700_000_000 + 60 * bar}:1m" for bar in (3, 4, 5, 6)]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ([7, 8], 9),
        ([8, 7], 6),
        ([100, 164, 228], 292),
        (["page-1", "page-2"], "page-3"),
        (["page/008", "page/009"], "page/010"),
        (["history:9:BTC", "history:10:BTC"], "history:11:BTC"),
    ],
)
def test_pages_and_blocks_go_on(asked, first):
    """Whole numbers, numbers inside a text, padded ones, and downwards."""
    assert foretold(asked)[0] == first


@pytest.mark.parametrize(
    "asked",
    [
        ["ETH-USDT-price", "ETH-USDT-volume"],
        ["page-1", "leaf-2"],
        [100, 164],
        [100, 164, 230],
        ["bars:5:1m", "bars:5:2m"],
        [5, 5, 5],
        [""],
    ],
)
def test_what_is_no_stream_is_left_alone(asked):
    """No number, another stem, no even step, a number that is part of a word."""
    assert foretold(asked) == []


def test_nothing_is_foretold_below_zero():
    """A page has no number minus one."""
    assert foretold(["page-2", "page-1", "page-0"]) == []


def test_streams_may_be_interleaved():
    """Two readers of one table, turn by turn."""
    asked = [key for at in range(4) for key in (1_000 + at, 90_000 + 7 * at)]

    assert 90_000 + 7 * 4 in foretold(asked)


@given(st.lists(st.one_of(st.integers(), st.text("ab:-019", max_size=12)), max_size=60))
def test_any_keys_are_taken(keys):
    """Guesses are of the key's own type, never the key itself, and few."""
    series = Series()

    for key in keys:
        guessed = [other for some in series.asked(key).graded.values() for other in some]
        assert all(type(other) is type(key) and other != key for other in guessed)
        assert len(guessed) <= 4 * AHEAD


def test_stems_are_bounded():
    """The stalest is forgotten."""
    series = Series()

    for stem in range(STEMS_MAX + 50):
        series.asked(f"{stem}x:7")

    assert len(series) == STEMS_MAX
