"""Is there one path? Backtest, paper run of the same file and replay of its journal, compared."""

from pathlib import Path

import pytest

from engine.core import core_of, digest_of, load_native, run_history
from engine.journal.recovery import records
from engine.market.history import open_history
from engine.messages import ORDER_ACCEPTED, TEXT, split
from engine.opening import for_core, opening_records
from engine.profile import load_profile
from tests.acceptance.running import final_state, supreme

FILES = {
    "bars": ("bars_1m_spot_2025-05_2025-08/ETHUSDT-1m.parquet", 130_707),
    "trades": ("trades/spot_ETHUSDT-trades-2024-08-08.csv.gz", 6_106),
    "ticks": ("l2_feed/spot_ETHUSDT_20240808.gz", 8_731),
}
BAR_SECONDS = {"trades": 5, "ticks": 1}


def imported(source: Path, folder: Path) -> Path:
    """The record file that `supreme data import` makes of a download."""
    target = folder / "ETHUSDT.records"
    done = supreme("data", "import", str(source), "--symbol", "ETHUSDT", "--out", str(target))
    assert done.returncode == 0, done.stderr
    return target


def backtested(path: Path, words: list[str]) -> tuple[str, list[bytes]]:
    """The digest of the state after the history loop, and every command and fact on the way."""
    native = load_native()
    history = open_history(path, native)
    if history.bar_ns:
        words = [*words, f"run.heartbeat_ns={history.bar_ns}"]
    begin_ns = history.first_ns - history.bar_ns
    opening = opening_records(load_profile("scalping", words), [history.instrument], begin_ns)
    core = core_of(native)
    outcomes = b"".join(run_history(core, b"".join(for_core(opening))))
    outcomes += b"".join(run_history(core, history.records))
    return digest_of(core), [one[4:] for one in split(outcomes)]


def journaled(directory: Path) -> list[bytes]:
    """Every command and fact that a run's journal holds, without its check."""
    kept = b"".join(bytes(chunk) for _, chunk in records(directory / "journal", load_native()))
    return [one[4:] for one in split(kept) if ORDER_ACCEPTED <= one[4] < TEXT]


@pytest.mark.parametrize("kind", FILES)
def test_backtest_run_and_replay_are_one(kind: str, shared: Path, tmp_path: Path, native: object):
    """Equal bytes of state, equal commands and facts, on real bars, trades and books."""
    pytest.importorskip("pyarrow") if kind == "bars" else None
    name, rows = FILES[kind]
    path = imported(shared / "data" / name, tmp_path)
    keys = ("features.bar_seconds", "schedule.interval_seconds")
    words = [] if kind == "bars" else [f"{key}={BAR_SECONDS[kind]}" for key in keys]
    options = [word for change in words for word in ("--set", change)]

    ran = final_state(
        supreme(
            "run",
            "--replay",
            str(path),
            "--speed",
            "max",
            "--json",
            *options,
            "--data-dir",
            str(tmp_path / "run"),
        )
    )
    folded = final_state(supreme("replay", str(tmp_path / "run"), "--json"))
    digest, outcomes = backtested(path, words)

    assert ran["state_digest"] == folded["state_digest"] == digest
    assert journaled(tmp_path / "run") == outcomes
    assert ran["fills"] > 10
    assert ran["events"] > rows
