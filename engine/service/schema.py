"""Which tables are made of a journal? Declared once, made alike in SQLite and in PostgreSQL.

Each row belongs to one record of the journal and is never changed: `sequence` is its number there,
`at_ns` the market's time. Money, prices and quantities are whole numbers of 1e-8.
"""

from typing import NamedTuple

VERSION = 2
WHOLE, REAL, WORDS, JSON = "BIGINT", "DOUBLE PRECISION", "TEXT", "JSON"

# table -> its columns after sequence and at_ns
TABLES: dict[str, dict[str, str]] = {
    "starts": {"epoch": WHOLE, "pid": WHOLE, "label": WORDS},
    "orders": {
        "order_id": WHOLE,
        "name": WORDS,  # as the venue knows it
        "symbol": WORDS,
        "side": WORDS,
        "type": WORDS,
        "quantity_e8": WHOLE,
        "price_e8": WHOLE,  # the limit or the trigger, NULL at market
    },
    "denials": {
        "symbol": WORDS,
        "side": WORDS,
        "type": WORDS,
        "quantity_e8": WHOLE,
        "price_e8": WHOLE,
        "reason": WORDS,
    },
    # What caused the order or the denial of the same sequence.
    "decisions": {
        "order_id": WHOLE,  # NULL for a denial
        "symbol": WORDS,
        "agent": WORDS,
        "cause": WORDS,
        "confidence": REAL,
        "verdict": WORDS,  # approved, or the check that denied
        "features": JSON,
        "risk": JSON,
    },
    "order_events": {"order_id": WHOLE, "event": WORDS, "reason": WORDS},
    "fills": {
        "order_id": WHOLE,
        "fill_id": WHOLE,
        "symbol": WORDS,
        "side": WORDS,
        "liquidity": WORDS,
        "quantity_e8": WHOLE,
        "price_e8": WHOLE,
        "fee_e8": WHOLE,
        "fee_in": WORDS,  # what it is of: quote, base, or the name of another asset
        "net_e8": WHOLE,  # what it earned after its fee; a purchase costs its fee
    },
    # From flat to flat, at the fill that closed it.
    "trades": {"symbol": WORDS, "opened_ns": WHOLE, "quantity_e8": WHOLE, "net_e8": WHOLE},
    "corrections": {"symbol": WORDS, "quantity_e8": WHOLE},  # a position by the venue's word
    "equity": {"equity_e8": WHOLE, "cash_e8": WHOLE, "drawdown": REAL},  # one a minute
    "breakers": {"level": WHOLE, "drawdown_ppm": WHOLE},
    # Of the one other asset that pays fees, so much more or less is held.
    "fee_balances": {"asset": WORDS, "amount_e8": WHOLE},
    # What slow sources said, as of their own time.
    "contexts": {"name": WORDS, "value": REAL, "source_ns": WHOLE},
    "acts": {"act": WORDS, "amount_e8": WHOLE, "operator": WORDS, "reason": WORDS},
    "parameters": {"key": WORDS, "value": REAL, "operator": WORDS, "reason": WORDS},
}
# Not of the journal: lines of the logs. `line` says which one, so that none is taken twice.
ERRORS = {
    "number": WHOLE,
    "line": WORDS,
    "at": WORDS,
    "source": WORDS,
    "level": WORDS,
    "event": WORDS,
    "fields": JSON,
}
INDEXES = {"order_events": "order_id", "fills": "order_id", "decisions": "order_id"}
CHECKPOINT = (
    "CREATE TABLE checkpoint (version BIGINT, journal_id TEXT, sequence BIGINT, "
    "check_sum BIGINT, made TEXT, errors BIGINT)"
)
# Nor these: what was tried when a component failed, and how its breaker moved.
STEPS = (
    "CREATE TABLE IF NOT EXISTS recovery_steps (number INTEGER PRIMARY KEY, at_ns BIGINT, "
    "component TEXT, rung TEXT, attempt BIGINT, wait_ns BIGINT, target TEXT, cause TEXT, "
    "outcome TEXT)"
)
STEPS_KEPT = 10_000
# Not of PostgreSQL: what a fold needs beside the snapshot at this sequence.
MEMORY = "CREATE TABLE IF NOT EXISTS memory (sequence BIGINT PRIMARY KEY, said JSON)"
MEMORIES = 8  # more than there are snapshots
# Nor these: the lives of the service that made the tables, and from where each went on.
LIVES = (
    "CREATE TABLE IF NOT EXISTS lives (number INTEGER PRIMARY KEY, name TEXT, sequence BIGINT, "
    "line BIGINT)"
)
LIVES_KEPT = 1_000  # a copy of an older one is made anew
Rows = dict[str, list[tuple[object, ...]]]


class Checkpoint(NamedTuple):
    """How far the tables go: all records before `sequence`, whose running CRC-32 is `check_sum`.

    `made` names this making of the tables: another one says that they were made anew.
    """

    journal_id: str
    sequence: int
    check_sum: int
    made: str


COLUMNS: dict[str, tuple[str, ...]] = {
    **{name: ("sequence", "at_ns", *columns) for name, columns in TABLES.items()},
    "errors": tuple(ERRORS),
}


def statements() -> list[str]:
    """The tables in SQL that both databases understand."""
    made = [CHECKPOINT]
    for table, columns in TABLES.items():
        rows = ["sequence BIGINT PRIMARY KEY", "at_ns BIGINT"]
        rows += [f"{name} {kind}" for name, kind in columns.items()]
        made.append(f"CREATE TABLE {table} ({', '.join(rows)})")
    for table, column in INDEXES.items():
        made.append(f"CREATE INDEX {table}_{column} ON {table} ({column})")
    return made


def errors_statements() -> list[str]:
    """The table of log lines, which outlives a making anew: logs do not last."""
    kinds = {**ERRORS, "line": "TEXT PRIMARY KEY"}
    rows = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    return [
        f"CREATE TABLE IF NOT EXISTS errors ({rows})",
        "CREATE INDEX IF NOT EXISTS errors_number ON errors (number)",
    ]
