"""Is a record file what it claims, and what is missing in it?"""

from typing import TYPE_CHECKING, Any

from engine.layout import dtype_of
from engine.market.checks import Findings, findings_of, first_fault, repeated
from engine.market.importing import FIELDS
from engine.messages import BUYER_IS_MAKER, RECORD

if TYPE_CHECKING:
    from engine.market.history import RecordFile
    from engine.market.layouts import Table


def rows_of(file: "RecordFile") -> "Table":
    """The file's market records as columns, prices in ticks."""
    import numpy as np

    records = np.frombuffer(file.records, dtype_of(RECORD))
    rows: Table = {"time": records["time_ns"], "received": records["received_ns"]}
    for field, name in zip("abcde", FIELDS[file.kind], strict=False):
        rows[name] = records[field]
    rows["maker"] = records["flags"] & BUYER_IS_MAKER
    return rows


def inspected(file: "RecordFile") -> tuple[Findings, str]:
    """What the rows show, and the first thing in them that cannot be true, or nothing."""
    rows = rows_of(file)
    findings = findings_of(file.kind, rows, file.bar_ns)
    fault = misplaced(file, rows) or first_fault(file.kind, rows, file.instrument.price_max)
    if fault:
        return findings, f"market record {fault[0] + 1}: {fault[1]}"
    again, conflict = repeated(file.kind, rows)
    if conflict or again.any():
        twice = conflict[1] if conflict else int(again.argmax())
        return findings, f"market record {twice + 1}: stands there twice"
    return findings, ""


def misplaced(file: "RecordFile", rows: "Table") -> tuple[int, str] | None:
    """The first record out of order, or a bar of another length; kinds were seen at opening."""
    import numpy as np

    received = rows["received"]
    lengths = received - rows["time"] if file.bar_ns else np.zeros_like(received)
    wrong: tuple[tuple[Any, str], ...] = (
        (np.diff(received, prepend=received[0]) < 0, "was received before the one in front of it"),
        (lengths != lengths[0], "is a bar of another length than the first"),
    )
    for places, what in wrong:
        if places.any():
            return int(places.argmax()), what
    return None
