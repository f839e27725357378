"""What is one symbol's history, ready to be written? Records, and what is known of them."""

from datetime import UTC, datetime
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import Refused
from engine.instruments import Instrument, definition_records, text_of_e8
from engine.instruments_file import instrument, load_instruments
from engine.journal.record_files import write_record_file
from engine.journal.segments import Header, Identity
from engine.layout import dtype_of
from engine.market.checks import Findings, first_fault, interval_name, repeated
from engine.market.layouts import BARS, TOPS, TRADES, Table
from engine.messages import BAR_CLOSED, BOOK_TOP, RECORD, TRADE_TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

CHUNK_ROWS = 1 << 16
NOBODY = Identity(bytes(16), bytes(32), bytes(32), bytes(32), "", simulated=False)
KEYS = {BARS: "open time", TRADES: "trade id"}
FIELDS = {
    BARS: ("open", "high", "low", "close", "volume"),
    TRADES: ("price", "volume", "id"),
    TOPS: ("bid", "ask", "bid_volume", "ask_volume"),
}
PRICES = {BARS: ("open", "high", "low", "close"), TRADES: ("price",), TOPS: ("bid", "ask")}
RECORD_KINDS = {BARS: BAR_CLOSED, TRADES: TRADE_TICK, TOPS: BOOK_TOP}


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


class Recorded(NamedTuple):
    """What was heard in recordings, and how well."""

    lines: int
    unreadable: int  # lines that are no message
    clock_back: int  # lines heard before the one in front, by our clock
    trades_missing: int  # ids between the first and the last trade
    updates: int  # applied to the book
    gaps: int  # where updates were missing
    crossings: int  # where the book became impossible
    tops_of_book: int
    tops_of_ticker: int  # of the exchange's own, while the book was out of step
    compared: int  # tops of the book, with the exchange's own
    different: int


class Series(NamedTuple):
    """One symbol's history, checked, ready to be written; `records` are numpy's of 64 bytes."""

    sources: tuple[str, ...]
    instrument: Instrument
    kind: str
    archive: str
    interval_ns: int
    records: Any
    repairs: Repairs
    findings: Findings
    recorded: Recorded | None = None
    simulated: bool = False

    @property
    def name(self) -> str:
        """What its file is called, unless somebody says otherwise."""
        first, last = date_of(self.findings.first_ns), date_of(self.findings.last_ns)
        what = interval_name(self.interval_ns) or self.archive
        return f"{self.instrument.name}-{what}_{first}_{last}"


def date_of(time_ns: int) -> Any:
    """The UTC date of a time."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).date()


def place_of(sources: list[Source], rows: Table, row: int) -> str:
    """Where a row was read."""
    source = sources[int(rows["source"][row])]
    return f"{source.path}, {source.unit} {int(rows['line'][row])}"


def instrument_during(name: str, times: Any, path: str | None) -> Instrument:
    """The instrument at the first time, on the finest tick and lot valid until the last."""
    first, last = date_of(int(times[0])), date_of(int(times[-1]))
    traded = instrument(name, first, path)
    later = [row for since, row in load_instruments(path)[name] if first < since <= last]
    tick_e8 = gcd(traded.tick_e8, *(row.tick_e8 for row in later))
    lot_e8 = gcd(traded.lot_e8, *(row.lot_e8 for row in later))
    return traded.counted_in(tick_e8, lot_e8)._replace(price_step=1, lot_step=1)


def without_repeated(kind: str, sources: list[Source], rows: Table) -> Table:
    """The rows that say something new; Refused where two contradict."""
    again, conflict = repeated(kind, rows)
    if conflict:
        one, other = (place_of(sources, rows, row) for row in conflict)
        raise Refused(
            f"{other} contradicts {one}: the same {KEYS[kind]}, other values.",
            "Nothing was written. Remove the wrong one of the two.",
        )
    return {name: column[~again] for name, column in rows.items()}


def in_ticks(kind: str, sources: list[Source], rows: Table, traded: Instrument) -> Table:
    """The rows with prices in ticks; Refused at the first that lies between two, or cannot be."""
    import numpy as np

    for name in PRICES[kind]:
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
    fault = first_fault(kind, rows, traded.price_max)
    if fault:
        raise Refused(
            f"{place_of(sources, rows, fault[0])}: {fault[1]}.",
            "Nothing was written. No market did this: mend or remove that line.",
        )
    return rows


def records_of(kind: str, rows: Table, interval_ns: int) -> Any:
    """The rows as records, a numpy array of the record's 64-byte dtype."""
    import numpy as np

    records = np.zeros(len(rows["time"]), dtype_of(RECORD))
    records["time_ns"] = rows["time"]
    records["received_ns"] = rows.get("received", rows["time"] + interval_ns)
    records["kind"] = RECORD_KINDS[kind]
    if kind == TRADES:
        records["flags"] = rows["maker"]  # BUYER_IS_MAKER is 1
    for field, name in zip("abcde", FIELDS[kind], strict=False):
        records[field] = rows[name]
    return records


def chunks_of(series: Series, progress: "Callable[[int], None]") -> "Iterator[bytes]":
    """The file's content: the symbol's definition, then its market records."""
    records = series.records
    yield definition_records(0, series.instrument, int(records["received_ns"][0]))
    for start in range(0, len(records), CHUNK_ROWS):
        chunk = records[start : start + CHUNK_ROWS]
        yield chunk.tobytes()
        progress(len(chunk))


def write_series(
    series: Series,
    path: "Path",
    progress: "Callable[[int], None]",
    native: "ModuleType | None" = None,
) -> int:
    """Write a series as a record file, whole or not at all; how many records it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    identity = NOBODY._replace(simulated=series.simulated)
    return write_record_file(path, chunks_of(series, progress), Header(identity, 0, 0), native)
