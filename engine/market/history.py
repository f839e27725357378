"""What happened, in order? Files of one symbol's records, opened, cut and merged for the engine.

A file holds the symbol's definition (its name, steps and limits), then bars, or trades and tops of
the book, by received time. This module needs no numpy, except to merge several files.
"""

import struct
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import Refused
from engine.instruments import Instrument, definition_records
from engine.journal.record_files import open_record_file
from engine.layout import dtype_of
from engine.messages import (
    BAR_CLOSED,
    BOOK_TOP,
    RECORD,
    RECORD_SIZE,
    SYMBOL_NAME,
    TRADE_TICK,
    InstrumentDefined,
    InstrumentLimited,
    Text,
    decode,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from engine.journal.segments import Header

SUFFIX = ".records"
# Which kinds of record a file holds, by its name for them.
KINDS = {"bars": bytes([BAR_CLOSED]), "trades": bytes([TRADE_TICK])}
KINDS["ticks"] = bytes([TRADE_TICK, BOOK_TOP])
MARKET = KINDS["bars"] + KINDS["ticks"]
KIND_AT, SYMBOL_AT = 4, 6
TIMES = struct.Struct("<qq")  # time_ns, received_ns
TIMES_AT, RECEIVED_AT = 8, 16
SOUND = bytes(range(0x40))  # the highest byte of a time from 0 on and before 2**62
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR", "TRY")


class RecordFile(NamedTuple):
    """One symbol's history; `records` are the market's alone, `definitions` what precedes them."""

    header: "Header"
    name: str
    instrument: Instrument
    kind: str  # bars, trades, or ticks: trades and tops of the book
    bar_ns: int  # 0 unless bars
    records: memoryview
    definitions: bytes
    first_ns: int  # received times
    last_ns: int
    simulated: bool


def open_history(path: str | Path, native: "ModuleType | None" = None) -> RecordFile:
    """A file of history, every check verified; Refused if it is missing, damaged or of no use."""
    header, whole = open_record_file(Path(path), native)
    start = 0
    while start < len(whole) and whole[start + KIND_AT] not in MARKET:
        start += RECORD_SIZE
    records, definitions = whole[start:], bytes(whole[:start])
    if not records:
        raise Refused(f"{path} holds no market records.", "Import it again.")
    instrument = instrument_in(str(path), definitions)
    kind = kind_of(records)
    refuse_strange(path, records, kind)
    opened_ns, first_ns = TIMES.unpack_from(records, TIMES_AT)
    return RecordFile(
        header=header,
        name=instrument.name,
        instrument=instrument,
        kind=kind,
        bar_ns=first_ns - opened_ns if kind == "bars" else 0,
        records=records,
        definitions=definitions,
        first_ns=first_ns,
        last_ns=received_at(records, len(records) // RECORD_SIZE - 1),
        simulated=header.identity.simulated,
    )


def kind_of(records: memoryview) -> str:
    """What market records are together: bars if the first is, ticks if a book is among them."""
    if records[KIND_AT] == BAR_CLOSED:
        return "bars"
    return "ticks" if BOOK_TOP in records[KIND_AT::RECORD_SIZE].tobytes() else "trades"


def refuse_strange(path: str | Path, records: memoryview, kind: str) -> None:
    """Refused unless all records are of this kind and of symbol 0, at times that can be."""
    rules = (
        (KIND_AT, KINDS[kind], "is of another kind than the first"),
        (SYMBOL_AT, b"\0", "is of another symbol than the file"),
        (SYMBOL_AT + 1, b"\0", "is of another symbol than the file"),
        (TIMES_AT + 7, SOUND, "has a time that cannot be"),
        (RECEIVED_AT + 7, SOUND, "was received at a time that cannot be"),
    )
    strange = [(first_other(records, at, right), what) for at, right, what in rules]
    number, what = min(strange)
    opened_ns, closed_ns = TIMES.unpack_from(records, TIMES_AT)
    if number == len(records) // RECORD_SIZE and kind == "bars" and opened_ns >= closed_ns:
        number, what = 0, "is a bar that ends before it begins"
    if number < len(records) // RECORD_SIZE:
        raise Refused(
            f"{path} cannot be used: market record {number + 1} {what}.",
            "Import it again: supreme data import FILE.",
        )


def first_other(records: memoryview, at: int, right: bytes) -> int:
    """The number of the first record whose byte `at` is none of these; of all when there is none.

    One byte of each record at a time: a year of minutes takes milliseconds, without numpy.
    """
    column = records[at::RECORD_SIZE].tobytes()
    return len(column) - len(column.lstrip(right))


def instrument_in(path: str, definitions: bytes) -> Instrument:
    """The one instrument that definition records tell of; Refused if that is not what they do."""
    raw = [definitions[at : at + RECORD_SIZE] for at in range(0, len(definitions), RECORD_SIZE)]
    try:
        told = [(one, decode(one)) for one in raw]
    except ValueError as error:
        raise Refused(f"{path} holds a record that is not known.", "Import it again.") from error
    name = text_of([one for one, said in told if type(said) is Text and said.flags == SYMBOL_NAME])
    defined = [said for _, said in told if type(said) is InstrumentDefined]
    limited = [said for _, said in told if type(said) is InstrumentLimited]
    if not name or len(defined) != 1 or len(limited) != 1:
        raise Refused(
            f"{path} defines {len(defined)} instruments, not one with a name and limits.",
            "Import each symbol's history into a file of its own.",
        )
    return told_instrument(name, defined[0], limited[0])


def told_instrument(
    name: str, defined: InstrumentDefined, limited: InstrumentLimited
) -> Instrument:
    """The instrument of a pair of definition records."""
    pair = name.removesuffix("-PERP")
    quote = next((quote for quote in QUOTES if pair.endswith(quote) and pair != quote), "")
    return Instrument(
        name=name,
        base=pair.removesuffix(quote),
        quote=quote,
        tick_e8=defined.tick_e8,
        lot_e8=defined.lot_e8,
        lots_min=defined.lots_min,
        lots_max=defined.lots_max,
        market_lots_max=limited.market_lots_max,
        notional_min_e8=defined.notional_min_e8,
        price_min=limited.price_min,
        price_max=limited.price_max,
    )


def received_at(records: memoryview, number: int) -> int:
    """When record `number` was received."""
    return int(TIMES.unpack_from(records, number * RECORD_SIZE + TIMES_AT)[1])


def between(records: memoryview, start_ns: int, end_ns: int) -> memoryview:
    """The records received from `start_ns` on and before `end_ns`, of records in that order."""
    numbers = range(len(records) // RECORD_SIZE)
    first = bisect_left(numbers, start_ns, key=lambda number: received_at(records, number))
    last = bisect_left(numbers, end_ns, key=lambda number: received_at(records, number))
    return records[first * RECORD_SIZE : max(first, last) * RECORD_SIZE]


def definitions_of(files: "Sequence[RecordFile]") -> bytes:
    """The definition records of several symbols, numbered in the files' order."""
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        again = next(name for name in names if names.count(name) > 1)
        raise Refused(
            f"Two of the files are of {again}.",
            "Import both sources into one file: supreme data import FILE FILE.",
        )
    first_ns = min(file.first_ns for file in files)
    return b"".join(
        definition_records(number, file.instrument, first_ns) for number, file in enumerate(files)
    )


def merge(files: "Sequence[RecordFile]", start_ns: int = 0, end_ns: int = 1 << 62) -> memoryview:
    """The market records of several symbols by received time, symbols numbered in file order.

    Records of one time stay in file order. A single file is only cut, not copied.
    """
    cuts = [between(file.records, start_ns, end_ns) for file in files]
    if len(cuts) == 1:
        return cuts[0]
    import numpy as np

    arrays = []
    for number, cut in enumerate(cuts):
        array = np.frombuffer(cut, dtype_of(RECORD)).copy()
        array["symbol"], array["check"] = number, 0
        arrays.append(array)
    together = np.concatenate(arrays)
    order = np.argsort(together["received_ns"], kind="stable")
    return memoryview(together[order].tobytes())
