"""What would a profile have earned on history? Files in, figures out, by the code that trades."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from engine.core import core_of, run_history
from engine.errors import Refused
from engine.instruments import Instrument
from engine.journal.segments import MAGIC
from engine.layout import dtype_of
from engine.market.checks import interval_name
from engine.market.history import RecordFile, merge, open_history
from engine.market.importing import Options, prepare
from engine.market.series import write_series
from engine.market.text_files import beginning
from engine.messages import (
    BAR_CLOSED,
    BOOK_TOP,
    BREAKER_CHANGED,
    ORDER_FILLED,
    RECORD,
    RECORD_SIZE,
    TEXT,
    TRADE_TICK,
    OrderFilled,
    decode,
)
from engine.opening import for_core, opening_records
from engine.profile import Profile
from engine.risk.breakers import STOPPED
from engine.state import KEYS, SYMBOLS_MAX
from engine.statistics.equity import EquityCurve
from engine.statistics.result import Course, Period, Result, concluded

Progress = Callable[[str, int, int], None]  # of what, how much is done, of how much
COMPILED_AT_ONCE, PLAIN_AT_ONCE = 1 << 18, 1 << 10  # records between two words of progress
HEARTBEAT = "run.heartbeat_ns"


class Market(NamedTuple):
    """The records of one portfolio by received time, symbols numbered as the instruments stand."""

    instruments: list[Instrument]
    records: memoryview
    bar_ns: int  # 0 unless all of it is bars
    simulated: bool


class Finished(NamedTuple):
    """A backtest's figures and what they were made with; `seconds` were spent in the core."""

    profile: Profile
    market: Market
    result: Result
    course: Course
    seconds: float
    compiled: bool
    seed: int


def open_market(
    paths: Sequence[str], start_ns: int, end_ns: int, native: Any, progress: Progress
) -> Market:
    """Record files, or downloads imported on the way; Refused where they make no market.

    Taken is what was received from `start_ns` on and before `end_ns`. Symbols stand in the order
    of their names: how the files were listed changes nothing.
    """
    ours = [path for path in paths if beginning(path) == MAGIC[:4]]
    foreign = [path for path in paths if path not in ours]
    files = [open_history(path, native) for path in ours]
    if foreign:
        with TemporaryDirectory(prefix="supreme-") as folder:
            files += imported(foreign, folder, native, progress)
    files.sort(key=lambda file: file.name)
    refuse_unfit(files)
    bars_alone = all(file.kind == "bars" for file in files)
    return Market(
        instruments=[file.instrument for file in files],
        records=cut(files, start_ns, end_ns),
        bar_ns=min(file.bar_ns for file in files) if bars_alone else 0,
        simulated=any(file.simulated for file in files),
    )


def imported(
    paths: Sequence[str], folder: str, native: Any, progress: Progress
) -> Iterator[RecordFile]:
    """Downloaded files as record files in a folder, whose records outlive it."""
    try:
        ready = prepare(paths, Options(), lambda path, done: progress(path, done, size_of(path)))
    except Refused as refused:
        if "--" not in refused.fix:
            raise
        fix = f"Make a record file of it first, with supreme data import. {refused.fix}"
        raise Refused(refused.what, fix) from refused
    for number, series in enumerate(ready):
        path = Path(folder, f"{number}.records")
        write_series(series, path, lambda _rows: None, native)
        yield open_history(path, native)


def size_of(path: str) -> int:
    """Bytes of a file."""
    return Path(path).stat().st_size


def refuse_unfit(files: Sequence[RecordFile]) -> None:
    """Refused unless the files are different symbols, few enough, of one quote currency."""
    names = [file.name for file in files]
    again = [name for name in names if names.count(name) > 1]
    if again:
        raise Refused(
            f"Two of the files are of {again[0]}.",
            "Give one a symbol; supreme data import makes one of several of the same interval.",
        )
    if len(names) > SYMBOLS_MAX:
        raise Refused(f"These are {len(names)} symbols.", f"Give {SYMBOLS_MAX} at most.")
    quotes = sorted({file.instrument.quote for file in files})
    if len(quotes) > 1:
        raise Refused(
            f"The files are quoted in {' and '.join(quotes)}.",
            "One account has one quote currency: backtest them apart.",
        )
    refuse_uneven(files)


def refuse_uneven(files: Sequence[RecordFile]) -> None:
    """Refused unless all files are trades, or all are bars of one length.

    Beside faster records the price of a long bar would be old, and orders would fill at it.
    """
    spans = sorted({file.bar_ns for file in files})
    if len(spans) > 1:
        named = [f"bars of {interval_name(span)}" if span else "trades" for span in spans]
        raise Refused(
            f"The files hold {' and '.join(named)}: orders would fill at prices long past.",
            "Give files of one interval, or of trades alone.",
        )


def cut(files: Sequence[RecordFile], start_ns: int, end_ns: int) -> memoryview:
    """The records between two times; Refused where there are none."""
    records = merge(files, start_ns, end_ns)
    if records:
        return records
    first, last = min(file.first_ns for file in files), max(file.last_ns for file in files)
    raise Refused(
        "The files hold nothing between --from and --to.",
        f"They reach from {said(first)} to {said(last)}.",
    )


def said(time_ns: int) -> str:
    """A time in words, to the minute."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def backtest(
    market: Market, profile: Profile, native: Any, seed: int, progress: Progress
) -> Finished:
    """Run a profile over a market; `seed` draws the resamples behind the interval, nothing else."""
    if market.bar_ns:
        # A file of bars alone has one heartbeat at each bar's close.
        beat = min(market.bar_ns, int(KEYS[HEARTBEAT].high))
        profile = profile._replace(values=profile.values | {HEARTBEAT: beat})
    period = period_of(market.records)
    core = core_of(native)
    opening = for_core(opening_records(profile, market.instruments, period.begin_ns))
    drain(core, b"".join(opening))
    course, seconds = run(core, market, progress)
    result = concluded(core.state, market.instruments, period, course, seed)
    return Finished(profile, market, result, course, seconds, native is not None, seed)


def run(core: Any, market: Market, progress: Progress) -> tuple[Course, float]:
    """Every market record through engine and simulated venue; what happened, and the seconds."""
    import numpy as np

    spread = core.state.parameters.features.half_spread_ticks
    curve = EquityCurve(market.instruments, core.state.account.cash_e8, spread)
    step = RECORD_SIZE * (COMPILED_AT_ONCE if core.native else PLAIN_AT_ONCE)
    fills: list[OrderFilled] = []
    counts = np.zeros(TEXT, np.int64)
    stopped_ns, seconds = 0, 0.0
    for start in range(0, len(market.records), step):
        chunk = market.records[start : start + step]
        began = perf_counter()
        raw = drain(core, chunk)
        seconds += perf_counter() - began
        outcomes = np.frombuffer(raw, dtype_of(RECORD))
        is_fill = outcomes["kind"] == ORDER_FILLED
        curve.feed(np.frombuffer(chunk, dtype_of(RECORD)), outcomes[is_fill])
        fills += messages_of(raw, is_fill)
        counts += np.bincount(outcomes["kind"], minlength=TEXT)
        stopped_ns = stopped_ns or stop_in(outcomes)
        progress("bars and trades", (start + len(chunk)) // RECORD_SIZE, len(market.records) // 64)
    asks = first_asks(market, spread)
    return Course(fills, counts.tolist(), asks, stopped_ns, curve.drawdown_max), seconds


def drain(core: Any, records: Any) -> bytes:
    """All that records cause."""
    return b"".join(run_history(core, records))


def messages_of(raw: bytes, wanted: Any) -> list[Any]:
    """Those of the records that are wanted, as messages."""
    return [decode(raw[at * 64 : at * 64 + 64]) for at in wanted.nonzero()[0].tolist()]


def stop_in(outcomes: Any) -> int:
    """When the last breaker tripped, 0 if it did not."""
    stops = outcomes[(outcomes["kind"] == BREAKER_CHANGED) & (outcomes["a"] == STOPPED)]
    return int(stops["received_ns"][0]) if len(stops) else 0


def period_of(records: memoryview) -> Period:
    """When a market began and ended, and what it holds."""
    import numpy as np

    rows = np.frombuffer(records, dtype_of(RECORD))
    counts = np.bincount(rows["kind"], minlength=BOOK_TOP + 1)
    # A venue's clock may run ahead of ours.
    begin_ns = min(int(rows["time_ns"][0]), int(rows["received_ns"][0]))
    kinds = (int(counts[kind]) for kind in (BAR_CLOSED, TRADE_TICK, BOOK_TOP))
    return Period(begin_ns, int(rows["received_ns"][-1]), *kinds)


def first_asks(market: Market, half_spread_ticks: int) -> list[int]:
    """What a taker was asked after each symbol's first record, in ticks; 0 without a record."""
    import numpy as np

    rows = np.frombuffer(market.records, dtype_of(RECORD))
    asks = []
    for number in range(len(market.instruments)):
        row = rows[int((rows["symbol"] == number).argmax())]
        price = {BAR_CLOSED: row["d"], TRADE_TICK: row["a"]}.get(int(row["kind"]))
        ask = int(row["b"]) if price is None else int(price) + half_spread_ticks
        asks.append(ask if row["symbol"] == number else 0)
    return asks
