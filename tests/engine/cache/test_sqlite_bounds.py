"""Does a file stay within its size, and a batch that fails leave nothing behind?"""

import sqlite3
from typing import Any

import pytest

from tests.engine.cache.files import opened, put
from tests.engine.cache.keeping_rows import FILE_SHORT, Clock, now_ms, row_of, value_of

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")

from engine.cache.store import PRUNED_AT_ONCE, Bounds
from engine.cache.values import Codec

CODEC: Codec[Any] = Codec("any", object)


def test_dead_rows_are_misses_and_are_pruned_in_steps(tmp_path):
    """So many at a time and no more; what lives stays."""
    clock = Clock(now_ms())
    tier, store, _ = opened(tmp_path / "c", clock)
    put(tier, *[row_of(CODEC, f"k{n}", n, at_ms=clock.now_ms) for n in range(1_200)])
    clock.now_ms += 60_000
    put(tier, row_of(CODEC, "k0", "anew", 0, at_ms=clock.now_ms))

    assert tier.get("k1") is None
    assert [store.prune() for _ in range(4)] == [PRUNED_AT_ONCE, PRUNED_AT_ONCE, 199, 0]
    assert value_of(CODEC, "k0", tier.get("k0")) == "anew"  # a dead row holds nothing back
    store.close()


def test_a_full_file_keeps_what_it_has(tmp_path):
    """Beyond its size nothing is kept, which is counted and no failure; pruning makes room."""
    clock = Clock(now_ms())
    tier, store, told = opened(tmp_path / "c", clock, Bounds(200_000, FILE_SHORT))
    for n in range(600):
        put(tier, row_of(CODEC, f"k{n}", "x" * 900, at_ms=clock.now_ms))
    kept = [n for n in range(600) if tier.get(f"k{n}")]

    assert kept == list(range(len(kept)))
    assert 100 < len(kept) < 220
    assert tier.tally.refused == 600 - len(kept)
    assert (tier.stats()["errors"], store.breaker.state, told) == (0, "closed", [])
    assert store.stats()["bytes"] <= 200_000
    clock.now_ms += 60_000
    store.prune()
    put(tier, row_of(CODEC, "k", 1, at_ms=clock.now_ms))
    assert tier.get("k") is not None
    store.close()


def test_a_batch_that_fails_leaves_nothing_behind(tmp_path):
    """In its middle, for a reason of SQLite's own; the next one is whole again."""
    tier, store, told = opened(tmp_path / "c")
    link = sqlite3.connect(tmp_path / "c")
    link.execute(
        "CREATE TRIGGER refuses BEFORE INSERT ON cache_entries WHEN new.key = 'bad' "
        "BEGIN SELECT RAISE(FAIL, 'not this one'); END"
    )

    for _ in range(3):
        put(tier, row_of(CODEC, "a", 1), row_of(CODEC, "bad", 1), row_of(CODEC, "c", 1))
        assert (tier.get("a"), tier.get("c")) == (None, None)
        put(tier, row_of(CODEC, "b", 1), row_of(CODEC, "d", 1))
        assert None not in (tier.get("b"), tier.get("d"))

    assert (tier.tally.errors, told) == (3, [])
    link.close()
    store.close()


def test_what_is_no_bytes_is_a_miss(tmp_path):
    """Written by a hand that is not ours."""
    tier, store, _ = opened(tmp_path / "c")
    put(tier, row_of(CODEC, "k", 1))
    store.ask(tier.tally, lambda link: link.execute("UPDATE cache_entries SET entry = 5"))

    assert tier.get("k") is None
    assert tier.tally.odd == 1
    store.close()


def test_a_full_file_gives_no_older_value_than_it_was_told(tmp_path):
    """What it has no room for takes away what it would have replaced."""
    clock = Clock(now_ms())
    tier, store, _ = opened(tmp_path / "c", clock, Bounds(200_000, FILE_SHORT))
    for n in range(600):
        put(tier, row_of(CODEC, f"k{n}", "x" * 900, at_ms=clock.now_ms))
    put(tier, row_of(CODEC, "k0", "y" * 60_000, 2, at_ms=clock.now_ms))

    assert tier.get("k0") is None
    assert tier.get("k1") is not None
    store.close()
