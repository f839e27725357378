"""What does a message of the exchange cost until the core has taken it? On a real recording.

346 s of ETHUSDT in 2024: 24,077 best prices, 6,106 trades, 3,434 changes of the book. The way is
text, record, core; sockets and the journal are in rows of their own.
"""

import gzip
import json
from datetime import date
from decimal import Decimal
from typing import Any

from bench.figures import Absent, Figure
from bench.market import SHARED, opened
from bench.measuring import cpu_ns, interleaved, median
from engine.instruments_file import instrument
from engine.market.live import LiveMarket
from engine.market.putting_together import Settings, live_market
from engine.messages import BOOK_TOP, PACKED, RECORD_SIZE

RECORDING = SHARED / "exchange_fixtures/hftbacktest/binance_spot_ethusdt_20240808.raw.gz"
TICKERS, ROUNDS = 24_077, 7
CORE_US_MAX = 15.0
Rows = list[tuple[int, bytes]]


def figures() -> list[Figure]:
    """All interleaved: best prices alone, and everything as it was heard."""
    if not RECORDING.exists():
        raise Absent(f"needs the recording {RECORDING.name} (SUPREME_SHARED names its folder)")
    every = heard()
    tickers = [row for row in every if b"@bookTicker" in row[1]]
    jobs = {
        "json": lambda: cpu_ns(lambda: plainly(tickers)),
        "records": lambda: cpu_ns(lambda: through(tickers)),
        "core": lambda: cpu_ns(lambda: decided(tickers)),
        "mixed": lambda: cpu_ns(lambda: through(every)),
    }
    counts = {"json": len(tickers), "records": len(tickers), "core": len(tickers)}
    taken = interleaved(jobs, ROUNDS)
    us = {name: median(ns) / counts.get(name, len(every)) / 1_000 for name, ns in taken.items()}
    reached = decided(tickers)
    return [
        Figure("a best price of a stream to the core", f"{us['core']:.1f} us CPU",
               f"under {CORE_US_MAX:.0f} us", us["core"] < CORE_US_MAX),
        Figure("of 24,077 recorded best prices, in the core", f"{reached:,}", "all",
               reached == TICKERS),
        Figure("  of it from text to record", f"{us['records']:.1f} us CPU"),
        Figure("  the same by json and Decimal, no checks", f"{us['json']:.1f} us CPU"),
        Figure("a message of all streams", f"{us['mixed']:.1f} us CPU"),
    ]  # fmt: skip


def heard() -> Rows:
    """When each message of the line was heard, and its text."""
    with gzip.open(RECORDING) as lines:
        rows = [line.rstrip().split(b" ", 1) for line in lines]
    return [(int(at_ns), text) for at_ns, text in rows if text.startswith(b'{"stream"')]


def subscribed(rows: Rows) -> LiveMarket:
    """A market whose line is open."""
    traded = [instrument("ETHUSDT", date(2024, 8, 8))]
    market = live_market(traded, Settings(), lambda: 0.5)
    market.begin(rows[0][0] - 2)
    market.opened(1, rows[0][0] - 1)
    return market


def through(rows: Rows) -> int:
    """Every message to its records; how many those are."""
    hear, size = subscribed(rows).hear, 0
    for at_ns, text in rows:
        size += len(hear(1, text, at_ns))
    return size // RECORD_SIZE


def decided(rows: Rows) -> int:
    """Every message to the core; how many it took for sane."""
    core = opened([], rows[0][0] - 1)
    hear, process, count = subscribed(rows).hear, core.process, 0
    for at_ns, text in rows:
        record = hear(1, text, at_ns)
        if record:
            process(record)
            count += 1
    return count - int(core.state.clock.malformed)


def plainly(rows: Rows) -> int:
    """The same record as anybody would write it: json, Decimal, struct."""
    size = 0
    for at_ns, text in rows:
        body: dict[str, Any] = json.loads(text)["data"]
        bid, ask = (int(Decimal(body[name]) * 100) for name in ("b", "a"))
        sizes = [int(Decimal(body[name]) * 100_000_000) for name in ("B", "A")]
        size += len(PACKED.pack(0, BOOK_TOP, 0, 0, at_ns, at_ns, bid, ask, *sizes, 0))
    return size
