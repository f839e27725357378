"""What becomes of downloaded files? Rows that can be true, as records the engine reads.

Reading and checking come first and for all files; nothing is written before all of it held.
"""

import os
from datetime import UTC, datetime
from functools import partial
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import Refused
from engine.instruments import (
    Instrument,
    definition_records,
    instrument,
    load_instruments,
    text_of_e8,
)
from engine.journal.record_files import write_record_file
from engine.journal.segments import MAGIC, Header, Identity
from engine.layout import dtype_of
from engine.market.checks import (
    Findings,
    findings_of,
    first_fault,
    in_order,
    interval_name,
    interval_of,
    late_rows,
    repeated,
)
from engine.market.layouts import BARS, KLINES, TRADES, Table, symbol_of
from engine.market.parquet_files import read_parquet
from engine.market.text_files import PARQUET, beginning, read_text
from engine.messages import BAR_CLOSED, RECORD, TRADE_TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    Progress = Callable[[str, int], None]

CHUNK_ROWS = 1 << 16
NOBODY = Identity(bytes(16), bytes(32), bytes(32), bytes(32), "", simulated=False)
KEYS = {BARS: "open time", TRADES: "trade id"}
FIELDS = {BARS: ("open", "high", "low", "close", "volume"), TRADES: ("price", "volume", "id")}
PRICES = {BARS: ("open", "high", "low", "close"), TRADES: ("price",)}


class Source(NamedTuple):
    """One file's rows, prices still in 1e-8."""

    path: str
    unit: str  # what its rows are counted in: lines or rows
    symbol: str
    kind: str
    archive: str  # what Binance calls such files
    interval_ns: int  # 0 for trades
    rows: Table


class Repairs(NamedTuple):
    """What was mended, in rows."""

    sorted: int = 0  # stood behind a later one
    repeated: int = 0  # said again what another said
    still_open: int = 0  # bars that ended after their file was written


class Series(NamedTuple):
    """One symbol's history, checked, in ticks, ready to be written."""

    sources: tuple[str, ...]
    instrument: Instrument
    kind: str
    archive: str
    interval_ns: int
    rows: Table
    repairs: Repairs
    findings: Findings

    @property
    def name(self) -> str:
        """What its file is called, unless somebody says otherwise."""
        first, last = date_of(self.findings.first_ns), date_of(self.findings.last_ns)
        what = interval_name(self.interval_ns) or self.archive
        return f"{self.instrument.name}-{what}_{first}_{last}"


class Options(NamedTuple):
    """What the person importing says of the files."""

    symbol: str = ""
    instruments: str | None = None
    drop_last: bool = False


def date_of(time_ns: int) -> Any:
    """The UTC date of a time."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).date()


def prepare(paths: "Iterable[str]", options: Options, progress: "Progress") -> list[Series]:
    """Every file read and checked, those of one symbol and interval as one; Refused as a whole."""
    together: dict[tuple[str, str, int], list[Source]] = {}  # trades and aggTrades stay apart
    for path in paths:
        source = read_source(path, options, partial(progress, path))
        key = (source.symbol, source.archive, source.interval_ns)
        together.setdefault(key, []).append(source)
    return [series_of(sources, options) for sources in together.values()]


def read_source(path: str, options: Options, progress: "Callable[[int], None]") -> Source:
    """One file's rows, its symbol and interval."""
    import numpy as np

    kind, archive, unit, futures, said = BARS, KLINES, "row", False, ""
    start = beginning(path)
    if start == MAGIC[: len(start)] and start:
        raise Refused(
            f"{path} is a record file already.",
            "Use it as it is: supreme backtest FILE, or supreme data check FILE.",
        )
    if start == PARQUET:
        tables = read_parquet(path, progress)
    else:
        layout, said, tables = read_text(path, progress)
        kind, archive, unit, futures = layout.kind, layout.archive, "line", layout.futures
    rows = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    if options.symbol and said and options.symbol.removesuffix("-PERP") != said:
        raise Refused(f"{path} is of {said}, not of {options.symbol}.", "Leave out --symbol.")
    symbol = options.symbol or said or symbol_of(os.path.basename(path), futures=futures)
    interval_ns = source_interval(path, kind, rows)
    return Source(path, unit, symbol, kind, archive, interval_ns, rows)


def source_interval(path: str, kind: str, rows: Table) -> int:
    """The length of a file's bars; Refused if no interval is seen in it."""
    import numpy as np

    if kind != BARS:
        return 0
    times = np.unique(rows["time"])
    found = interval_of(times, rows.get("ends", np.zeros(1, np.int64)))
    if not found:
        steps = np.diff(times)[:3] // 1_000_000_000
        seen = f"stand {steps.tolist()} s apart" if steps.size else "are one bar without an end"
        raise Refused(
            f"{path}: its bars {seen}: no interval from 1s to 1w is seen in that.",
            "Import bars of one interval, two of them at least.",
        )
    return found


def series_of(sources: list[Source], options: Options) -> Series:
    """The rows of one symbol's files as one series; Refused where they contradict or cannot be."""
    kind, interval_ns = sources[0].kind, sources[0].interval_ns
    late = sum(late_rows(one.rows["time"]) for one in sources)
    rows = in_order(kind, joined(sources))
    again, conflict = repeated(kind, rows)
    if conflict:
        one, other = (place_of(sources, rows, row) for row in conflict)
        raise Refused(
            f"{other} contradicts {one}: the same {KEYS[kind]}, other values.",
            "Nothing was written. Remove the wrong one of the two.",
        )
    rows = {name: column[~again] for name, column in rows.items()}
    unfinished = open_bars(sources, rows, interval_ns, drop_last=options.drop_last)
    rows = {name: column[: len(column) - unfinished] for name, column in rows.items()}
    traded = instrument_during(sources[0].symbol, rows["time"], options.instruments)
    rows = in_ticks(sources, rows, traded)
    fault = first_fault(kind, rows, traded.price_max)
    if fault:
        raise Refused(
            f"{place_of(sources, rows, fault[0])}: {fault[1]}.",
            "Nothing was written. No market did this: mend or remove that line.",
        )
    return Series(
        sources=tuple(source.path for source in sources),
        instrument=traded,
        kind=kind,
        archive=sources[0].archive,
        interval_ns=interval_ns,
        rows=rows,
        repairs=Repairs(late, int(again.sum()), unfinished),
        findings=findings_of(kind, rows, interval_ns),
    )


def joined(sources: list[Source]) -> Table:
    """The rows of several files one after another, each with the number of its file."""
    import numpy as np

    shared = [name for name in sources[0].rows if all(name in one.rows for one in sources)]
    rows = {name: np.concatenate([one.rows[name] for one in sources]) for name in shared}
    counts = [len(one.rows["time"]) for one in sources]
    rows["source"] = np.repeat(np.arange(len(sources)), counts)
    return rows


def place_of(sources: list[Source], rows: Table, row: int) -> str:
    """Where a row was read."""
    source = sources[int(rows["source"][row])]
    return f"{source.path}, {source.unit} {int(rows['line'][row])}"


def open_bars(sources: list[Source], rows: Table, interval_ns: int, *, drop_last: bool) -> int:
    """How many of the last bars ended after their file was written; at least 1 with `drop_last`."""
    if not interval_ns:
        return 0
    count = 0
    while count < len(rows["time"]):
        source = sources[int(rows["source"][-1 - count])]
        if int(rows["time"][-1 - count]) + interval_ns <= os.stat(source.path).st_mtime_ns:
            break
        count += 1
    count = max(count, int(drop_last))
    if count == len(rows["time"]):
        raise Refused(f"{sources[0].path} holds no finished bar.", "Download it again later.")
    return count


def instrument_during(name: str, times: Any, path: str | None) -> Instrument:
    """The instrument at the first time, on the finest tick and lot valid until the last."""
    first, last = date_of(int(times[0])), date_of(int(times[-1]))
    traded = instrument(name, first, path)
    later = [row for since, row in load_instruments(path)[name] if first < since <= last]
    tick_e8 = gcd(traded.tick_e8, *(row.tick_e8 for row in later))
    lot_e8 = gcd(traded.lot_e8, *(row.lot_e8 for row in later))
    ticks, lots = traded.tick_e8 // tick_e8, traded.lot_e8 // lot_e8
    return traded._replace(
        tick_e8=tick_e8,
        lot_e8=lot_e8,
        lots_min=traded.lots_min * lots,
        lots_max=traded.lots_max * lots,
        market_lots_max=traded.market_lots_max * lots,
        price_min=traded.price_min * ticks,
        price_max=traded.price_max * ticks,
    )


def in_ticks(sources: list[Source], rows: Table, traded: Instrument) -> Table:
    """The rows with prices in ticks; Refused at the first that lies between two."""
    import numpy as np

    for name in PRICES[sources[0].kind]:
        ticks, rest = np.divmod(rows[name], traded.tick_e8)
        wrong = np.flatnonzero(rest)
        if wrong.size:
            row = int(wrong[0])
            price, day = text_of_e8(int(rows[name][row]), 1), date_of(int(rows["time"][row]))
            raise Refused(
                f"{place_of(sources, rows, row)}: {name} {price} is no multiple of the tick of "
                f"{traded.name} on {day}, {traded.price_text(1)}.",
                "If the venue changed the tick, say so in a copy of engine/instruments.toml and "
                "pass it: --instruments FILE.",
            )
        rows = rows | {name: ticks}
    return rows


def records_of(series: Series) -> Any:
    """The rows as records, a numpy array of the record's 64-byte dtype."""
    import numpy as np

    rows = series.rows
    records = np.zeros(len(rows["time"]), dtype_of(RECORD))
    records["time_ns"] = rows["time"]
    records["received_ns"] = rows["time"] + series.interval_ns
    records["kind"] = BAR_CLOSED if series.kind == BARS else TRADE_TICK
    if series.kind == TRADES:
        records["flags"] = rows["maker"]  # BUYER_IS_MAKER is 1
    for field, name in zip("abcde", FIELDS[series.kind], strict=False):
        records[field] = rows[name]
    return records


def chunks_of(series: Series, progress: "Callable[[int], None]") -> "Iterator[bytes]":
    """The file's content: the symbol's definition, then its market records."""
    records = records_of(series)
    yield definition_records(0, series.instrument, int(records["received_ns"][0]))
    for start in range(0, len(records), CHUNK_ROWS):
        chunk = records[start : start + CHUNK_ROWS]
        yield chunk.tobytes()
        progress(len(chunk))


def write_series(
    series: Series,
    path: Path,
    progress: "Callable[[int], None]",
    native: "ModuleType | None" = None,
) -> int:
    """Write a series as a record file, whole or not at all; how many records it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_record_file(path, chunks_of(series, progress), Header(NOBODY, 0, 0), native)
