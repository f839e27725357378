"""Which market does an engine live through while it is degraded? Simulated trades in a file."""

from datetime import date
from itertools import islice
from pathlib import Path

from engine.core import code_digest, layout_digest
from engine.instruments import definition_records
from engine.instruments_file import instrument
from engine.journal.record_files import write_record_file
from engine.journal.segments import Header, Identity
from engine.market.simulated import START_NS, SimulatedMarket

# An agent that changes its mind with every turn of the price, so that there are always orders.
RESTLESS = (
    *("strategy.agent=ema_cross", "strategy.ema_cross.bars_min=0", "features.bar_seconds=10"),
    *("indicators.macd_fast=2", "indicators.macd_slow=3", "indicators.macd_signal=2"),
    *("schedule.interval_seconds=0", "risk.orders_per_minute_max=1000"),
    *("breakers.drawdown_stop=1.0", "journal.segment_bytes=65536"),
)
SPEAKS = 57  # trades between two silences


def trades_file(
    path: Path, trades: int, seed: int = 5, *, simulated: bool = True, silence_ns: int = 0
) -> Path:
    """A record file of simulated ETHUSDT trades; of real ones, as far as it says itself.

    After each SPEAKS of them the market says nothing for so long, if it is not 0.
    """
    traded = instrument("ETHUSDT", date(2025, 1, 1))
    whose = Identity(bytes(16), layout_digest(), code_digest(), bytes(32), "test", simulated)
    told = islice(SimulatedMarket(seed).trades(), trades)
    records = [delayed(record, place // SPEAKS * silence_ns) for place, record in enumerate(told)]
    chunks = [definition_records(0, traded, START_NS), b"".join(records)]
    write_record_file(path, chunks, Header(whose, 0, 0))
    return path


def delayed(record: bytes, ns: int) -> bytes:
    """The same trade, so much later."""
    times = (int.from_bytes(record[at : at + 8], "little") + ns for at in (8, 16))
    return record[:8] + b"".join(time.to_bytes(8, "little") for time in times) + record[24:]
