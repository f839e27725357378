"""Which market does a benchmark see? Real minutes where they are, else seeded ones; and an engine.

The real ones are 130,707 ETHUSDT minutes of 2025; `SUPREME_SHARED` names the folder they lie in.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from engine.core import ROOT, core_of, load_native
from engine.instruments_file import instrument
from engine.layout import dtype_of
from engine.messages import BAR_CLOSED, RECORD, RECORD_SIZE, Heartbeat, encode, split
from engine.opening import for_core, opening_records
from engine.profile import load_profile
from engine.simulation import heartbeat_is_due

SHARED = Path(os.environ.get("SUPREME_SHARED", ROOT.parent / "shared"))
REAL = SHARED / "data" / "bars_1m_spot_2025-05_2025-08" / "ETHUSDT-1m.parquet"
SYMBOL, TRADED_ON = "ETHUSDT", date(2025, 5, 20)
MINUTE_NS = 60_000_000_000
SYNTHETIC_BARS = 130_707
SYNTHETIC_BEGIN_NS = 1_747_699_200_000_000_000
E8 = 100_000_000
# A file of bars alone has one heartbeat at each bar's close.
BARS_ALONE = [f"run.heartbeat_ns={MINUTE_NS}"]
# So that trading goes on to the last bar, whatever it has lost by then.
NEVER_STOPPED = [
    "breakers.drawdown_half=1",
    "breakers.drawdown_conservative=1",
    "breakers.drawdown_stop=1",
]


class Bars(NamedTuple):
    """Market records, their origin in words."""

    records: bytes
    source: str

    @property
    def number(self) -> int:
        """How many they are."""
        return len(self.records) // RECORD_SIZE


@cache
def native() -> Any:
    """The compiled core, built first where it is not."""
    found = load_native()
    if found is None:
        # In a process of its own: a build leaves the engine's modules bound to compiled functions.
        subprocess.run([sys.executable, "-m", "engine.compile"], cwd=ROOT, check=True)
        found = load_native()
    return found


@cache
def minutes() -> Bars:
    """The bars of the backtest: real, or seeded where those are absent."""
    if REAL.exists():
        return Bars(real_minutes().tobytes(), "real ETHUSDT minutes")
    return Bars(synthetic_minutes().tobytes(), "SYNTHETIC minutes (seed 7)")


def real_minutes() -> Any:
    """The parquet file's bars as records."""
    from pyarrow import parquet

    table = parquet.read_table(REAL)
    opened_ns = table["open_time"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    prices = [table[name].to_numpy() for name in ("open", "high", "low", "close")]
    return bar_records(opened_ns, prices, table["volume"].to_numpy())


def synthetic_minutes() -> Any:
    """A seeded random walk with the real minutes' step of 8 basis points."""
    random = np.random.default_rng(7)
    close = np.round(2_500.0 * np.exp(np.cumsum(random.normal(0, 8e-4, SYNTHETIC_BARS))), 2)
    opened = np.concatenate([[2_500.0], close[:-1]])
    reach = np.round(close * np.abs(random.normal(0, 4e-4, SYNTHETIC_BARS)), 2)
    prices = [opened, np.maximum(opened, close) + reach, np.minimum(opened, close) - reach, close]
    opened_ns = SYNTHETIC_BEGIN_NS + np.arange(SYNTHETIC_BARS) * MINUTE_NS
    return bar_records(opened_ns, prices, np.round(random.lognormal(5, 1, SYNTHETIC_BARS), 4))


def bar_records(opened_ns: Any, prices: list[Any], volume: Any) -> Any:
    """Records of minutes from columns in quote and base units, exact in ticks of 0.01."""
    records = np.zeros(len(opened_ns), dtype_of(RECORD))
    records["kind"] = BAR_CLOSED
    records["time_ns"] = opened_ns
    records["received_ns"] = opened_ns + MINUTE_NS
    for place, column in zip("abcd", prices, strict=True):
        records[place] = whole(column * 100.0)
    records["e"] = np.round(volume * E8).astype(np.int64)
    return records


def whole(column: Any) -> Any:
    """Floats that are whole numbers but for their rounding, as integers."""
    nearest = np.round(column)
    if np.abs(column - nearest).max() > 1e-3:
        raise ValueError("a price lies between two ticks")
    return nearest.astype(np.int64)


def opened(changes: list[str], at_ns: int) -> Any:
    """A compiled engine of the default profile with these changes, before its first market."""
    core = core_of(native())
    profile = load_profile("scalping", changes)
    traded = [instrument(SYMBOL, TRADED_ON)]
    for record in for_core(opening_records(profile, traded, at_ns)):
        core.process(record)
        core.attend(record)
    return core


def begins_ns(records: bytes) -> int:
    """When the first record's time begins."""
    return int.from_bytes(records[8:16], "little", signed=True)


def driven(core: Any, records: Iterable[bytes]) -> Iterator[bytes]:
    """Run market records event by event; yields all that the core takes in, reports included."""
    for record in records:
        received_ns = int.from_bytes(record[16:24], "little", signed=True)
        while heartbeat_is_due(core.state.clock, received_ns):
            due_ns, beats = core.state.clock.heartbeat_due_ns, core.state.clock.heartbeats
            yield from taken(core, encode(Heartbeat(0, due_ns, due_ns, beats + 1)))
        yield from taken(core, record)


def taken(core: Any, event: bytes) -> Iterator[bytes]:
    """One event through engine and simulated venue; the event, then the venue's reports."""
    yield event
    core.process(event)
    for report in split(core.attend(event) or b""):
        yield report
        core.process(report)
        core.attend(report)
