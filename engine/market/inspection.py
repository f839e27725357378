"""Is a record file what it claims, and what is missing in it?"""

from typing import TYPE_CHECKING, Any

from engine.layout import dtype_of
from engine.market.checks import Findings, findings_of, first_fault, repeated
from engine.market.layouts import TICKS, TOPS, TRADES, Table
from engine.market.recordings import tick_findings
from engine.market.series import FIELDS, RECORD_KINDS
from engine.messages import BUYER_IS_MAKER, RECORD

if TYPE_CHECKING:
    from engine.market.history import RecordFile


def rows_of(kind: str, records: Any) -> Table:
    """Market records of one kind as columns, prices in ticks."""
    rows: Table = {"time": records["time_ns"]}
    for field, name in zip("abcde", FIELDS[kind], strict=False):
        rows[name] = records[field]
    rows["maker"] = records["flags"] & BUYER_IS_MAKER
    return rows


def inspected(file: "RecordFile") -> tuple[Findings, str]:
    """What the rows show, and the first thing in them that cannot be true, or nothing."""
    import numpy as np

    records = np.frombuffer(file.records, dtype_of(RECORD))
    if file.kind == TICKS:
        findings = tick_findings(records)
    else:
        findings = findings_of(file.kind, rows_of(file.kind, records), file.bar_ns)
    fault = misplaced(file, records)
    for kind in (TRADES, TOPS) if file.kind == TICKS else (file.kind,):
        fault = fault or fault_in(file, kind, records)
    return findings, f"market record {fault[0] + 1}: {fault[1]}" if fault else ""


def fault_in(file: "RecordFile", kind: str, records: Any) -> tuple[int, str] | None:
    """The first record of a kind that cannot be true, or that stands there twice."""
    import numpy as np

    places = np.flatnonzero(records["kind"] == RECORD_KINDS[kind])
    rows = rows_of(kind, records[places])
    fault = first_fault(kind, rows, file.instrument.price_max)
    if fault:
        return int(places[fault[0]]), fault[1]
    if kind == TOPS:
        return None
    again, conflict = repeated(kind, rows)
    if not conflict and not again.any():
        return None
    return int(places[conflict[1] if conflict else int(again.argmax())]), "stands there twice"


def misplaced(file: "RecordFile", records: Any) -> tuple[int, str] | None:
    """The first record out of order, or a bar of another length; kinds were seen at opening."""
    import numpy as np

    received = records["received_ns"]
    lengths = received - records["time_ns"] if file.bar_ns else np.zeros_like(received)
    wrong: tuple[tuple[Any, str], ...] = (
        (np.diff(received, prepend=received[0]) < 0, "was received before the one in front of it"),
        (lengths != lengths[0], "is a bar of another length than the first"),
    )
    for places, what in wrong:
        if places.any():
            return int(places.argmax()), what
    return None
