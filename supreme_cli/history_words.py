"""How is market history told, in words and in fields?"""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.instruments import text_of_e8
from engine.market.checks import LISTED, Findings

if TYPE_CHECKING:
    from engine.market.history import RecordFile
    from engine.market.series import Series

SECOND = 1_000_000_000
MENDED = {
    "sorted": ("row", "put back in order"),
    "repeated": ("row", "dropped: it stood there already"),
    "still_open": ("bar", "dropped: still open when downloaded"),
}
HEARD = (
    ("trades_missing", "trade", "missing between the first and the last, by their ids"),
    ("crossings", "time", "the book crossed itself and waited for a snapshot"),
    ("unreadable", "line", "left out: no message of an exchange"),
    ("clock_back", "line", "heard before the one in front: taken as heard with it"),
)


def described(history: "Series | RecordFile", interval: str, found: Findings) -> dict[str, Any]:
    """What a series and a record file have in common."""
    traded = history.instrument
    return {
        "symbol": traded.name,
        "kind": history.kind,
        "interval": interval,
        "rows": found.rows,
        "first": utc(found.first_ns),
        "last": utc(found.last_ns),
        "tick": text_of_e8(traded.tick_e8, traded.tick_e8),
        "lot": text_of_e8(traded.lot_e8, traded.lot_e8),
        "missing": found.missing,
        "gaps": [{"after": utc(gap.after_ns), "missing": gap.missing} for gap in found.gaps],
        "unaligned": found.unaligned,
        "without_volume": found.without_volume,
        "jumps": [{"at": utc(at_ns), "fraction": fraction} for at_ns, fraction in found.jumps],
    }


def utc(time_ns: int) -> str:
    """A time as ISO 8601 in UTC, to the millisecond where it has some."""
    moment = datetime.fromtimestamp(time_ns // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = time_ns % SECOND // 1_000_000
    return f"{moment}.{milliseconds:03d}Z" if milliseconds else f"{moment}Z"


def told_import(row: dict[str, Any], *, dry_run: bool) -> str:
    """One imported series in words."""
    mended = [
        f"  {count(row['repairs'][what], thing)} {done}"
        for what, (thing, done) in MENDED.items()
        if row["repairs"][what]
    ]
    heard = told_recorded(row["rows"], row["recorded"]) if row["recorded"] else []
    target = f"  {'would be written' if dry_run else 'written'} to {row['file']}"
    return "\n".join([*headline(row), *heard, *mended, target])


def told_recorded(rows: int, heard: dict[str, int]) -> list[str]:
    """How well a recording was heard, a line each."""
    book, ticker = heard["tops_of_book"], heard["tops_of_ticker"]
    trades, tops = count(rows - book - ticker, "trade"), count(book + ticker, "top")
    by_ticker = f"{ticker:,} of the ticker while it was out of step"
    lines = [
        f"  {trades}, {tops}: {book:,} of the book, {by_ticker}",
        f"  {count(heard['updates'], 'update')} of the book, {count(heard['gaps'], 'gap')}",
    ]
    if heard["compared"]:
        same = heard["compared"] - heard["different"]
        lines.append(f"  {same:,} of {heard['compared']:,} times the book equals the ticker")
    lines += [f"  {count(heard[what], thing)} {end}" for what, thing, end in HEARD if heard[what]]
    return lines


def told_check(row: dict[str, Any]) -> str:
    """One verified file in words."""
    if row["fault"]:
        return f"DAMAGED {row['file']}\n  {row['fault']}"
    return "\n".join([f"ok {row['file']}", *(f"  {line.strip()}" for line in headline(row))])


def headline(row: dict[str, Any]) -> list[str]:
    """What is in a series and what is missing, a line each."""
    label = f" {row['label']}" if row.get("label") else ""
    what = f"{row['symbol']} {row['interval'] or row['kind']}{label}"
    lines = [
        f"{what}: {row['rows']:,} {row['kind']}, {row['first']} to {row['last']}",
        f"  tick {row['tick']}, lot {row['lot']}",
    ]
    gaps, jumps = row["gaps"], row["jumps"]
    listed = [f"{gap['after']} +{gap['missing']}" for gap in gaps[:LISTED]]
    more = ", ..." if len(gaps) > LISTED else ""
    if row["kind"] == "bars":
        missing = f"{count(row['missing'], 'bar')} missing after {', '.join(listed)}{more}"
        lines.append(f"  {count(len(gaps), 'gap')}: {missing}" if gaps else "  no gaps")
    if row["unaligned"]:
        lines.append(
            f"  {count(row['unaligned'], 'bar')} off the interval's grid, kept as published"
        )
    if row["without_volume"] and row["kind"] == "bars":
        lines.append(
            f"  {count(row['without_volume'], 'bar')} without volume, as in a trading halt"
        )
    if jumps:
        most = f"{jumps[0]['fraction']:+.1%} at {jumps[0]['at']}"
        lines.append(f"  {count(len(jumps), 'jump')} of more than 10 %, the largest {most}")
    return lines


def count(number: int, what: str) -> str:
    """A number of things."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """The list as aligned columns."""
    cells = [("FILE", "SYMBOL", "SERIES", "FROM", "TO", "ROWS", "MISSING", "LABEL")]
    for row in rows:
        name = os.path.basename(row["file"])
        if row["fault"]:
            cells.append((name, "", "DAMAGED", "", "", "", "", row["fault"]))
        else:
            series, numbers = row["interval"] or row["kind"], (row["rows"], row["missing"])
            figures = [f"{number:,}" for number in numbers]
            cells.append(
                (name, row["symbol"], series, row["first"], row["last"], *figures, row["label"])
            )
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
