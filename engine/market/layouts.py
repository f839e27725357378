"""Which rows of the market stand in a CSV text: bars or trades, and in which columns?"""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import Refused
from engine.market.text_columns import (
    Malformed,
    cells_of,
    e8_column,
    spelled,
    time_column,
    truth_column,
    whole_column,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BARS, TRADES = "bars", "trades"
TOPS, TICKS = "tops", "ticks"  # of the book; tops and trades together
KLINES, AGGREGATES = "klines", "aggTrades"
Table = dict[str, Any]  # a column's name -> its int64 or bool array

# What a row says, and how each column is read. Prices and volumes leave here in 1e-8.
READERS: "dict[str, dict[str, Callable[..., Any]]]" = {
    BARS: {
        "time": time_column,
        "open": e8_column,
        "high": e8_column,
        "low": e8_column,
        "close": e8_column,
        "volume": e8_column,
        "ends": time_column,
    },
    TRADES: {
        "time": time_column,
        "price": e8_column,
        "volume": e8_column,
        "id": whole_column,
        "maker": truth_column,
    },
}
# What a header may call them; the first name is Binance's own.
NAMES = {
    BARS: {
        "time": ("open_time", "timestamp", "date", "time"),
        "open": ("open",),
        "high": ("high",),
        "low": ("low",),
        "close": ("close",),
        "volume": ("volume",),
        "ends": ("close_time",),
    },
    TRADES: {
        "time": ("time", "transact_time"),
        "price": ("price",),
        "volume": ("qty", "quantity"),
        "id": ("id", "agg_trade_id"),
        "maker": ("is_buyer_maker",),
    },
}
OPTIONAL = {"ends"}
# A futures archive names this column, or is one of trades with a header; spot archives have none.
FUTURES_COLUMN = "taker_buy_volume"
SYMBOL = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{2,20}(?:USDT?|USDC|BTC|ETH|BNB|EUR|TRY))([-_]PERP)?")


class Layout(NamedTuple):
    """Where a text's columns lie; `lines` of it are a header."""

    kind: str
    archive: str  # what Binance calls such files
    width: int
    columns: dict[str, int]
    lines: int = 0
    futures: bool = False
    symbol_column: int = -1


# Spot archives carry no header: they are known by their width and by where true or false stands.
BARE_BARS = {"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "ends": 6}
BARE_TRADES = {"id": 0, "price": 1, "volume": 2, "time": 4, "maker": 5}
BARE_AGGREGATES = {"id": 0, "price": 1, "volume": 2, "time": 5, "maker": 6}


def layout_of(line: str) -> Layout:
    """The layout that a text's first line tells; Malformed if it is none that is known."""
    cells = [cell.strip().lower().replace(" ", "_") for cell in line.split(",")]
    if "open" in cells or "price" in cells:
        return named(cells)
    truth = [place for place, cell in enumerate(cells) if cell in ("true", "false")][:1]
    if len(cells) == 12 and not truth:
        return Layout(BARS, KLINES, 12, BARE_BARS)
    if truth == [5] and len(cells) in (6, 7):
        return Layout(TRADES, TRADES, len(cells), BARE_TRADES)
    if truth == [6] and len(cells) in (7, 8):
        return Layout(TRADES, AGGREGATES, len(cells), BARE_AGGREGATES)
    raise Malformed(
        0, f"{line[:60]!r} is neither a header nor a row of klines, trades or aggTrades"
    )


def named(cells: list[str]) -> Layout:
    """The layout a header tells; Malformed with what it lacks."""
    kind = TRADES if "is_buyer_maker" in cells else BARS
    columns = {}
    for what, names in NAMES[kind].items():
        found = [cells.index(name) for name in names if name in cells]
        if found:
            columns[what] = found[0]
        elif what not in OPTIONAL:
            raise Malformed(0, f"is a header of {kind} without {names[0]}")
    archive = KLINES if kind == BARS else AGGREGATES if "agg_trade_id" in cells else TRADES
    futures = FUTURES_COLUMN in cells or kind == TRADES
    symbol_column = cells.index("symbol") if "symbol" in cells else -1
    return Layout(kind, archive, len(cells), columns, 1, futures, symbol_column)


def table_of(text: bytes, layout: Layout) -> Table:
    """The rows of a text (without its header) as columns; Malformed names the first bad row."""
    cells = cells_of(text, layout.width)
    table = {}
    for what, column in layout.columns.items():
        try:
            table[what] = READERS[layout.kind][what](cells, column)
        except Malformed as bad:
            raise Malformed(bad.row, f"{what}: {bad.what}") from bad
    return table


def symbol_in(text: bytes, layout: Layout) -> str:
    """The one symbol that a column of the text names, or nothing; Malformed if there are two."""
    if layout.symbol_column < 0:
        return ""
    cells = cells_of(text, layout.width)
    first = cells.at(0, layout.symbol_column)
    wrong = (~spelled(cells, layout.symbol_column, first)).nonzero()[0]
    if wrong.size:
        said = cells.at(int(wrong[0]), layout.symbol_column)
        raise Malformed(int(wrong[0]), f"is of {said}, the rows before of {first}")
    return first


def symbol_of(name: str, *, futures: bool) -> str:
    """The symbol in a file's name, as Supreme writes it: ETHUSDT spot, ETHUSDT-PERP futures."""
    found = SYMBOL.search(name)
    if not found:
        raise Refused(
            f"The name of {name} tells no symbol.", "Give it: --symbol ETHUSDT (or ETHUSDT-PERP)."
        )
    pair, perpetual = found.groups()
    if pair.endswith("USD"):
        raise Refused(
            f"{name} is of a COIN-M contract: its volume counts contracts, its money is a coin.",
            "Take the spot or the USD-M archive of the same days (for example BTCUSDT).",
        )
    return f"{pair}-PERP" if perpetual or futures else str(pair)
