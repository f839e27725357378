"""What becomes of a recording of an exchange's messages? Trades and book tops, as they were heard.

The best bid and ask are those of a book kept from its updates; while it is out of step, before its
snapshot and after a gap, they are the exchange's own bookTicker.
"""

from array import array
from collections import defaultdict
from functools import partial
from heapq import merge
from typing import TYPE_CHECKING, Any

from engine.errors import Refused
from engine.market.book import Book, Snapshot, Top, Update
from engine.market.checks import Findings, findings_of
from engine.market.exchange_lines import Ticker, Trade
from engine.market.layouts import TICKS, TOPS, TRADES, Table
from engine.market.series import (
    Recorded,
    Repairs,
    Series,
    Source,
    in_ticks,
    instrument_during,
    records_of,
    without_repeated,
)
from engine.market.tapes import Message, Tape
from engine.messages import TRADE_TICK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNREADABLE_MAX = 0.01  # of the lines, where more than one: it is no recording, or much damaged
STAMP = ("order", "source", "line", "time", "received")


class Columns:
    """Rows of whole numbers, kept by column."""

    def __init__(self, *names: str) -> None:
        self.columns = {name: array("q") for name in names}

    def add(self, *values: int) -> None:
        """One row."""
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)

    def table(self) -> Table:
        """All rows as int64 arrays."""
        import numpy as np

        return {name: np.array(column, np.int64) for name, column in self.columns.items()}


class Listener:
    """One symbol's book, trades and tops, as its messages come."""

    def __init__(self) -> None:
        self.book = Book()
        self.trades, self.aggregates = (
            Columns(*STAMP, "id", "price", "volume", "maker") for _ in range(2)
        )
        self.tops = Columns(*STAMP, *Top._fields)
        # The exchange's own tops, and ours after each update.
        self.tickers, self.steps = (Columns("update", *Top._fields) for _ in range(2))
        self.shown: Top | None = None
        self.tops_of_ticker = self.heard = 0

    def take(self, message: Message) -> None:
        """The next message."""
        self.heard += 1
        said = message.heard.said
        if isinstance(said, Trade):
            columns = self.aggregates if said.is_aggregate else self.trades
            columns.add(*self.stamp(message), *said[:4])
        elif isinstance(said, Ticker):
            self.tickers.add(said.update, *said.top)
            if not self.book.in_step:
                self.tops_of_ticker += self.show(said.top, message)
        else:
            self.move(said, message)

    def move(self, said: Any, message: Message) -> None:
        """A snapshot or an update: the book's top is shown if it is another one."""
        before = self.book.last
        if isinstance(said, Snapshot):
            self.book.restore(said)
        else:
            self.book.take(said)
        top = self.book.top
        if top is None or self.book.last == before:
            return
        if isinstance(said, Update):
            self.steps.add(self.book.last, *top)
        self.show(top, message)

    def show(self, top: Top, message: Message) -> bool:
        """Keep a top that is new and whole; whether it was."""
        is_told = top != self.shown and 0 < top.bid < top.ask
        if is_told:
            self.tops.add(*self.stamp(message), *top)
            self.shown = top
        return is_told

    def stamp(self, message: Message) -> tuple[int, ...]:
        """When and where it was heard."""
        said = message.heard
        return (self.heard, message.source, message.line, said.time_ns, said.received_ns)

    def compared(self) -> tuple[int, int]:
        """How many of our tops met the exchange's newest at that update, and how many differ."""
        import numpy as np

        tickers, steps = self.tickers.table(), self.steps.table()
        order = np.argsort(tickers["update"], kind="stable")
        newest: Any = np.searchsorted(tickers["update"][order], steps["update"], side="right") - 1
        met, beside = np.flatnonzero(newest >= 0), order[newest[newest >= 0]]
        differ = [steps[name][met] != tickers[name][beside] for name in Top._fields]
        return len(met), int(np.any(differ, axis=0).sum())


def recorded_series(
    paths: "Sequence[str]",
    symbol: str,
    instruments: str | None,
    progress: "Callable[[str, int], None]",
) -> list[Series]:
    """What recordings heard together tell of each symbol, or of that one; Refused as a whole."""
    tapes = [Tape(place, path, partial(progress, path)) for place, path in enumerate(paths)]
    listeners: defaultdict[str, Listener] = defaultdict(Listener)
    heard = merge(
        *(tape.messages() for tape in tapes), key=lambda message: message.heard.received_ns
    )
    for message in heard:
        listeners[message.heard.symbol].take(message)
    for tape in tapes:
        refuse_unreadable(tape)
    wanted = {name: one for name, one in listeners.items() if symbol in ("", name)}
    if not wanted:
        names = ", ".join(sorted(listeners)) or "no symbol"
        raise Refused(
            f"{paths[0]} tells of {names}{f', not of {symbol}' if symbol else ''}.",
            "Give recordings of trade, aggTrade, depth or bookTicker, and a --symbol they name.",
        )
    return [series_of(name, wanted[name], tapes, instruments) for name in sorted(wanted)]


def refuse_unreadable(tape: Tape) -> None:
    """Refused if too many of a recording's lines are no messages."""
    if tape.unreadable > max(1, UNREADABLE_MAX * tape.lines):
        raise Refused(
            f"{tape.path}: {tape.unreadable:,} of {tape.lines:,} lines are no message of an "
            f"exchange, the first is {tape.first_unreadable}.",
            "Nothing was written. Record it again, or remove what does not belong there.",
        )


def series_of(name: str, listener: Listener, tapes: list[Tape], path: str | None) -> Series:
    """One symbol's trades and tops as records in the order in which they were heard."""
    import numpy as np

    sources = [Source(tape.path, "line", name, TICKS, TICKS, 0, {}) for tape in tapes]
    told = listener.trades.table() if listener.trades.columns["id"] else listener.aggregates.table()
    trades, tops = without_repeated(TRADES, sources, told), listener.tops.table()
    order = np.concatenate([trades["order"], tops["order"]])
    if not order.size:
        raise Refused(f"{tapes[0].path} tells no trade and no price of {name}.", "Record longer.")
    received = np.concatenate([trades["received"], tops["received"]])
    traded = instrument_during(name, np.array([received.min(), received.max()]), path)
    records = np.concatenate(
        [
            records_of(kind, in_ticks(kind, sources, rows, traded), 0)
            for kind, rows in ((TRADES, trades), (TOPS, tops))
        ]
    )[np.argsort(order)]
    return Series(
        sources=tuple(tape.path for tape in tapes),
        instrument=traded,
        kind=TICKS if len(tops["order"]) else TRADES,
        archive=TICKS,
        interval_ns=0,
        records=records,
        repairs=Repairs(repeated=len(told["id"]) - len(trades["id"])),
        findings=tick_findings(records),
        recorded=recorded_of(listener, tapes, trades["id"]),
        simulated=any(tape.simulated for tape in tapes),
    )


def tick_findings(records: Any) -> Findings:
    """What records of trades and tops show, times being those of hearing."""
    import numpy as np

    is_trade = records["kind"] == TRADE_TICK
    rows = {
        "time": records["received_ns"],
        "price": records["a"],
        "volume": np.where(is_trade, records["b"], records["c"]),
    }
    return findings_of(TICKS, rows, 0)


def recorded_of(listener: Listener, tapes: list[Tape], ids: Any) -> Recorded:
    """How well a symbol was heard."""
    compared, different = listener.compared()
    tops, book = len(listener.tops.columns["order"]), listener.book
    return Recorded(
        lines=sum(tape.lines for tape in tapes),
        unreadable=sum(tape.unreadable for tape in tapes),
        clock_back=sum(tape.clock_back for tape in tapes),
        trades_missing=int(ids.max() - ids.min()) + 1 - len(ids) if len(ids) else 0,
        updates=book.applied,
        gaps=book.gaps,
        crossings=book.crossings,
        tops_of_book=tops - listener.tops_of_ticker,
        tops_of_ticker=listener.tops_of_ticker,
        compared=compared,
        different=different,
    )
