"""Is every record that belongs in a table there once, and was each rule kept on the way?

Counted from the journal's own bytes, and compared, row by row, with a fold that saw no fault.
"""

import os
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

from engine import messages as kinds
from engine.errors import Refused
from engine.instruments import Instrument
from engine.instruments_file import load_instruments
from engine.messages import BUY, FEE_STEP, decode
from engine.resilience.breaker import CLOSED
from engine.resilience.pool import BUSY
from engine.service.folding import Fold
from engine.service.keeper import NAME
from engine.service.noted import kept_in
from engine.service.schema import COLUMNS, TABLES
from validators.simulation.callers import SETTINGS
from validators.simulation.exchange import OTHER_ASSET
from validators.simulation.service import JOURNAL, Service

# table -> the kinds of record that each are one row of it
ROWS = {
    "orders": (kinds.SUBMIT_ORDER,),
    "denials": (kinds.ORDER_DENIED,),
    "decisions": (kinds.SUBMIT_ORDER, kinds.ORDER_DENIED),
    "order_events": (
        *(kinds.ORDER_ACCEPTED, kinds.ORDER_REJECTED, kinds.ORDER_CANCELED, kinds.ORDER_EXPIRED),
        *(kinds.ORDER_UNKNOWN, kinds.CANCEL_REJECTED, kinds.CANCEL_ORDER),
    ),
    "corrections": (kinds.POSITION_CORRECTED,),
    "contexts": (kinds.CONTEXT_UPDATED,),
    "fee_balances": (kinds.FEE_BALANCE_CHANGED,),
    "breakers": (kinds.BREAKER_CHANGED,),
    "parameters": (kinds.PARAMETER_CHANGED,),
}
Tables = dict[str, dict[int, tuple[Any, ...]]]


def problems_of(service: Service) -> list[str]:
    """What is wrong at the end of a run that has come to rest."""
    copied = service.server.tables or {}
    return [
        *service.problems,
        *counted(service.disk.records, copied),
        *compared(service, copied),
        *ended(service),
    ]


def counted(records: list[bytes], copied: Tables) -> list[str]:
    """Rows by the journal's bytes alone: which records, and each fill's own figures."""
    found = []
    for table, wanted in ROWS.items():
        due = {number for number, record in enumerate(records) if record[4] in wanted}
        if due != copied.get(table, {}).keys():
            found.append(f"{table}: {difference(due, copied.get(table, {}))}")
    fills, instrument = distinct_fills(records), load_instruments()["ETHUSDT"][-1][1]
    rows = copied.get("fills", {})
    if fills.keys() != rows.keys():
        found.append(f"fills: {difference({*fills}, rows)}")
    wrong = [at for at in fills.keys() & rows.keys() if not tells(rows[at], fills[at], instrument)]
    if wrong:
        found.append(f"{len(wrong)} fills are not as the journal has them {sorted(wrong)[:3]}")
    return found


def distinct_fills(records: list[bytes]) -> dict[int, Any]:
    """The first record of each fill."""
    first: dict[tuple[int, int], tuple[int, Any]] = {}
    for number, record in enumerate(records):
        if record[4] == kinds.ORDER_FILLED:
            fill = decode(record)
            first.setdefault((fill.order_id, fill.fill_id), (number, fill))
    return dict(first.values())


def tells(row: tuple[Any, ...], fill: Any, instrument: Instrument) -> bool:
    """Whether a row of a fill has its figures."""
    said = dict(zip(COLUMNS["fills"], row, strict=True))
    side = "BUY" if fill.flags & 1 == BUY else "SELL"
    quantity_e8, price_e8 = fill.lots * instrument.lot_e8, fill.price * instrument.tick_e8
    fee_in = ("quote", "base", OTHER_ASSET)[fill.flags // FEE_STEP]
    names = ("order_id", "fill_id", "side", "quantity_e8", "price_e8", "fee_e8", "fee_in")
    told = (fill.order_id, fill.fill_id, side, quantity_e8, price_e8, fill.fee_e8, fee_in)
    return told == tuple(said[name] for name in names)


def difference(due: set[int], rows: dict[int, tuple[Any, ...]]) -> str:
    """What is missing and what is too much, the first of each."""
    missing, more = sorted(due - rows.keys()), sorted(rows.keys() - due)
    return f"{len(missing)} rows are missing {missing[:3]}, {len(more)} too many {more[:3]}"


def compared(service: Service, copied: Tables) -> list[str]:
    """Every table as a fold of the whole journal says it, here and there."""
    fold = Fold(service.native, JOURNAL)
    try:
        wanted = fold.take(memoryview(b"".join(service.disk.records)))
    except Refused as no:
        return [no.what]
    here, found = kept(service.folder), []
    for table in copied or ("no table",):
        rows = wanted.get(table, [])
        for where, there in (("here", here.get(table, [])), ("there", rows_in(copied, table))):
            if Counter(there) != Counter(rows):
                found.append(f"{table} {where}: {len(there)} rows, not the {len(rows)} of the fold")
    if service.server.cursor.sequence != len(service.disk.records):
        upto = service.server.cursor.sequence
        found.append(f"copied up to {upto} of {len(service.disk.records)} records")
    return found


def rows_in(copied: Tables, table: str) -> list[tuple[Any, ...]]:
    """The rows of one table there."""
    return [*copied.get(table, {}).values()]


def kept(folder: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row in SQLite."""
    with closing(sqlite3.connect(os.path.join(folder, NAME))) as link:
        return {
            table: link.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  names of ours
            for table in TABLES
        }


def ended(service: Service) -> list[str]:
    """Nobody waits, nothing is held, and everything is well again."""
    caller, recovery = service.life.caller, service.life.recovery
    metrics = caller.policy.metrics()
    figures = {
        "callers were forgotten": caller.asking,
        "callers still stand in the line": metrics["waiting"],
        "connections are lent to nobody": metrics[BUSY],
        "places are beyond the pool's bound": max(
            0, int(metrics["size"]) - SETTINGS.pool.max_connections
        ),
        "connections are open that the pool does not know": caller.made - int(metrics["size"]),
        "incidents are open": sum(
            row["state"] != "closed" for row in kept_in(service.folder)["incidents"]
        ),
    }
    found = [f"{count} {what}" for what, count in figures.items() if count]
    if recovery.breaker.state != CLOSED or not recovery.ladder.is_well:
        found.append(f"the breaker is {recovery.breaker.state}, the ladder {recovery.ladder.rung}")
    return found
