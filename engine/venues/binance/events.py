"""What does the account's stream say? Its events as words of `asking.py`, each once.

Source: user-data-stream.md. An event that names nothing for the core leaves a note that says why.
"""

from collections.abc import Callable
from typing import Any

from engine.venues.asking import Answer, Seen, Trade
from engine.venues.binance.answers import (
    fill_id_in,
    lots_in,
    reason_of,
    side_in,
    status_of,
    steps_traded,
    symbol_in,
)
from engine.venues.binance.books import Balance, Books
from engine.venues.binance.fees import fee_of
from engine.venues.binance.reading import (
    amount_in,
    e8_in,
    flag_in,
    object_of,
    rows_of,
    text_in,
    text_or_nothing,
    time_ns_in,
    whole_in,
)

EXECUTIONS_KEPT = 4_096
NEWEST_KEPT = 1_024


class Executions:
    """Which executions were told: two connections tell each twice, and one may be behind.

    Orders are ours, whose ids are used once: a paper venue that was started anew numbers anew.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[int, int], None] = {}
        self._newest: dict[int, int] = {}

    def is_repeated(self, order_id: int, execution_id: int) -> bool:
        """Whether this execution was told before; it counts as told now."""
        if (order_id, execution_id) in self._told:
            return True
        self._told[order_id, execution_id] = None
        if len(self._told) > EXECUTIONS_KEPT:
            del self._told[next(iter(self._told))]
        return False

    def is_old(self, order: int, execution_id: int) -> bool:
        """Whether a later execution of the order was told: a status never moves back."""
        newest = self._newest.pop(order, -1)
        self._newest[order] = max(newest, execution_id)
        if len(self._newest) > NEWEST_KEPT:
            del self._newest[next(iter(self._newest))]
        return execution_id < newest


def execution_told(event: dict[str, Any], books: Books, executions: Executions) -> list[Answer]:
    """An `executionReport`: the trade in it, and the order's state after it."""
    symbol, venue_id = symbol_in(event, "s", books), whole_in(event, "i")
    # Of a canceled order `c` is the cancel's id and `C` the order's.
    names = text_or_nothing(event, "C"), text_or_nothing(event, "c")
    made_ns = time_ns_in(event, "O") if "O" in event else 0
    order_id = books.ours(symbol, venue_id, names, made_ns)
    if order_id == 0:
        books.note(f"an execution of an order that is not ours: {venue_id}")
        return []
    instrument = books.rules[symbol].instrument
    status, filled = status_of(text_in(event, "X")), lots_in(event, "z", instrument)
    kind, is_late = text_in(event, "x"), False
    trade = trade_told(event, order_id, symbol, books) if kind == "TRADE" else None
    if "I" in event:
        execution_id = whole_in(event, "I")
        if executions.is_repeated(order_id, execution_id):
            return []
        is_late = executions.is_old(order_id, execution_id)
    explain(event, order_id, kind, books)
    heard: list[Answer] = [trade] if trade else []
    if not is_late:
        books.saw(order_id, status)
        heard.append(Seen(order_id, status, filled, reason_of(status)))
    return heard


def trade_told(event: dict[str, Any], order_id: int, symbol: int, books: Books) -> Trade | None:
    """The trade of an execution; none if nothing of it was traded."""
    quantity_e8 = amount_in(event, "l")
    if quantity_e8 == 0:
        return None
    instrument = books.rules[symbol].instrument
    if quantity_e8 < instrument.lot_e8:
        books.note(f"order {order_id}: a trade of less than a lot, found by the balances")
        return None
    side = side_in(event, "S")
    commission = amount_in(event, "n")
    asset = text_in(event, "N") if commission else ""
    fee, within = fee_of(commission, asset, instrument, books.fee_asset)
    fill_id, maker = fill_id_in(event, "t"), flag_in(event, "m")
    price, lots = steps_traded(side, amount_in(event, "L"), quantity_e8, instrument)
    return Trade(order_id, symbol, side, price, lots, fee, fill_id, maker, within)


def explain(event: dict[str, Any], order_id: int, kind: str, books: Books) -> None:
    """Why the venue ended the order by itself, for the log."""
    why = text_or_nothing(event, "eR") or text_or_nothing(event, "r")
    if why not in ("", "NONE") or kind == "TRADE_PREVENTION":
        books.note(f"order {order_id}: {kind} {why}".rstrip())


def position_told(event: dict[str, Any], books: Books) -> None:
    """An `outboundAccountPosition`: whole balances of the assets that may have changed."""
    at_ns = time_ns_in(event, "u")
    for one in rows_of(event.get("B"), "B"):
        row = object_of(one, "a balance")
        asset = text_in(row, "a")
        if asset in books.assets:
            books.is_balance(asset, Balance(amount_in(row, "f"), amount_in(row, "l"), at_ns))


def balance_told(event: dict[str, Any], books: Books) -> None:
    """A `balanceUpdate`: a change, of a deposit, withdrawal or transfer."""
    asset, change = text_in(event, "a"), e8_in(event, "d")
    books.balance_moved(asset, change, 0, time_ns_in(event, "T"))
    books.note(f"{asset[:20]}: {text_in(event, 'd')} came from or went elsewhere")


def lock_told(event: dict[str, Any], books: Books) -> None:
    """An `externalLockUpdate`: so much more of an asset is locked, or less."""
    asset, change = text_in(event, "a"), e8_in(event, "d")
    books.balance_moved(asset, -change, change, time_ns_in(event, "T"))
    books.note(f"{asset[:20]}: {text_in(event, 'd')} was locked or unlocked from outside")


def list_told(event: dict[str, Any], books: Books) -> None:
    """A `listStatus`: nothing here sends order lists."""
    books.note(f"order list {whole_in(event, 'g')} is not ours")


BALANCE_EVENTS: dict[str, Callable[[dict[str, Any], Books], None]] = {
    "outboundAccountPosition": position_told,
    "balanceUpdate": balance_told,
    "externalLockUpdate": lock_told,
    "listStatus": list_told,
}
LOOK_AFTER = ("balanceUpdate", "externalLockUpdate")  # then holdings are worth a look


def event_told(
    kind: str, event: dict[str, Any], books: Books, executions: Executions
) -> list[Answer]:
    """An event of the account's stream; Unreadable if it is malformed."""
    if kind == "executionReport":
        return execution_told(event, books, executions)
    if kind in BALANCE_EVENTS:
        BALANCE_EVENTS[kind](event, books)
    else:
        books.note(f"event {kind[:40]} is not known")
    return []
