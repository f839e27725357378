"""What becomes of downloaded files? Rows that can be true, as records the engine reads.

Reading and checking come first and for all files; nothing is written before all of it held.
"""

import os
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.journal.segments import MAGIC
from engine.market.checks import findings_of, in_order, interval_of, late_rows
from engine.market.layouts import BARS, KLINES, Table, symbol_of
from engine.market.parquet_files import read_parquet
from engine.market.recordings import recorded_series
from engine.market.series import (
    Repairs,
    Series,
    Source,
    in_ticks,
    instrument_during,
    records_of,
    without_repeated,
)
from engine.market.tapes import is_recording
from engine.market.text_files import PARQUET, beginning, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Progress = Callable[[str, int], None]


class Options(NamedTuple):
    """What the person importing says of the files."""

    symbol: str = ""
    instruments: str | None = None
    drop_last: bool = False


def prepare(paths: "Iterable[str]", options: Options, progress: "Progress") -> list[Series]:
    """Every file read and checked, those of one symbol and interval as one; Refused as a whole."""
    recordings: list[str] = []
    together: dict[tuple[str, str, int], list[Source]] = {}  # trades and aggTrades stay apart
    for path in paths:
        if is_recording(path):
            recordings.append(path)
            continue
        source = read_source(path, options, partial(progress, path))
        key = (source.symbol, source.archive, source.interval_ns)
        together.setdefault(key, []).append(source)
    ready = [series_of(sources, options) for sources in together.values()]
    if recordings:
        ready += recorded_series(recordings, options.symbol, options.instruments, progress)
    return ready


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
    whole = in_order(kind, joined(sources))
    rows = without_repeated(kind, sources, whole)
    again = len(whole["time"]) - len(rows["time"])
    unfinished = open_bars(sources, rows, interval_ns, drop_last=options.drop_last)
    rows = {name: column[: len(column) - unfinished] for name, column in rows.items()}
    traded = instrument_during(sources[0].symbol, rows["time"], options.instruments)
    rows = in_ticks(kind, sources, rows, traded)
    return Series(
        sources=tuple(source.path for source in sources),
        instrument=traded,
        kind=kind,
        archive=sources[0].archive,
        interval_ns=interval_ns,
        records=records_of(kind, rows, interval_ns),
        repairs=Repairs(late, again, unfinished),
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
