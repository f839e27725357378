"""What did the venue answer? Orders, trades and balances of its answers as words of `asking.py`.

What was traded so far (`executedQty`) counts, not the status. Source: web-socket-api.md, enums.md.
"""

from typing import Any, NamedTuple

from engine.instruments import BOUND, Instrument
from engine.messages import BUY, SELL
from engine.venues.asking import (
    CANCELED,
    EXPIRED,
    FILLED,
    OPEN,
    REJECTED,
    Holding,
    Seen,
    Trade,
)
from engine.venues.binance import reasons
from engine.venues.binance.books import Balance, Books
from engine.venues.binance.fees import fee_of
from engine.venues.binance.reading import (
    Unreadable,
    amount_in,
    flag_in,
    object_of,
    rows_of,
    text_in,
    text_or_nothing,
    time_ns_in,
    whole_in,
)

STATUS = {
    "NEW": OPEN,
    "PENDING_NEW": OPEN,
    "PARTIALLY_FILLED": OPEN,
    "PENDING_CANCEL": OPEN,
    "FILLED": FILLED,
    "CANCELED": CANCELED,
    "REJECTED": REJECTED,
    "EXPIRED": EXPIRED,
    "EXPIRED_IN_MATCH": EXPIRED,  # by self-trade prevention
}
SIDES = {"BUY": BUY, "SELL": SELL}


class Told(NamedTuple):
    """An order that an answer speaks of; `order_id` 0 if it is not ours.

    `is_earlier`: it is of before the backup that this journal was, and no order of this one.
    """

    order_id: int
    symbol: int
    venue_id: int
    seen: Seen
    is_earlier: bool = False


def status_of(name: str) -> int:
    """The venue's word for a status as ours."""
    if name not in STATUS:
        raise Unreadable(f"status {name[:40]} is not known")
    return STATUS[name]


def reason_of(status: int) -> int:
    """The venue's code for an order that it rejected without an error."""
    return reasons.REJECTED if status == REJECTED else 0


def symbol_in(row: dict[str, Any], key: str, books: Books) -> int:
    """The number of a symbol; Unreadable for one that is not traded here."""
    name = text_in(row, key)
    number = books.numbers.get(name)
    if number is None:
        raise Unreadable(f"symbol {name[:40]} is not traded here")
    return number


def lots_in(row: dict[str, Any], key: str, instrument: Instrument) -> int:
    """A quantity in lots; what is less than one is left to the reconciliation."""
    return amount_in(row, key) // instrument.lot_e8


def order_in(value: object, books: Books) -> Told:
    """The order of an answer to place, cancel or status, or of a row of open orders.

    An answer of the kind ACK has no status: the order was taken.
    """
    row = object_of(value, "an order")
    symbol, venue_id = symbol_in(row, "symbol", books), whole_in(row, "orderId")
    names = (text_or_nothing(row, "origClientOrderId"), text_or_nothing(row, "clientOrderId"))
    made_ns = time_ns_in(row, "time") if "time" in row else 0
    order_id = books.ours(symbol, venue_id, names, made_ns)
    is_earlier = any(books.names.is_earlier(name, made_ns) for name in names)
    if order_id == 0:
        return Told(0, symbol, venue_id, Seen(0, OPEN), is_earlier)
    instrument = books.rules[symbol].instrument
    status = status_of(text_in(row, "status")) if "status" in row else OPEN
    filled = lots_in(row, "executedQty", instrument) if "executedQty" in row else 0
    books.saw(order_id, status)
    return Told(
        order_id, symbol, venue_id, Seen(order_id, status, filled, reason_of(status)), is_earlier
    )


def trade_of(order_id: int, symbol: int, side: int, row: dict[str, Any], books: Books) -> Trade:
    """A trade of an answer: a row of `fills` or of `myTrades`."""
    instrument = books.rules[symbol].instrument
    commission = amount_in(row, "commission")
    asset = text_in(row, "commissionAsset") if commission else ""
    fill_id = fill_id_in(row, "tradeId" if "tradeId" in row else "id")
    maker = flag_in(row, "isMaker") if "isMaker" in row else False
    fee, within = fee_of(commission, asset, instrument, books.fee_asset)
    price, lots = steps_traded(side, amount_in(row, "price"), amount_in(row, "qty"), instrument)
    return Trade(order_id, symbol, side, price, lots, fee, fill_id, maker, within)


def steps_traded(
    side: int, price_e8: int, quantity_e8: int, instrument: Instrument
) -> tuple[int, int]:
    """A trade's price and quantity in ticks and lots; Unreadable if there is no such trade.

    A price between ticks (the venue changed the tick) moves against us.
    """
    up = instrument.tick_e8 - 1 if side == BUY else 0
    price, lots = (price_e8 + up) // instrument.tick_e8, quantity_e8 // instrument.lot_e8
    if price < 1 or lots < 1 or price * lots * instrument.value_numerator > BOUND:
        raise Unreadable("a trade of no price or quantity that can be")
    return price, lots


def fill_id_in(row: dict[str, Any], key: str) -> int:
    """A trade's number at the venue."""
    fill_id = whole_in(row, key)
    if fill_id < 0:
        raise Unreadable("a trade without a number")
    return fill_id


def fills_in(told: Told, value: object, books: Books) -> list[Trade]:
    """The trades that an answer to `order.place` of the kind FULL holds."""
    row = object_of(value, "an order")
    fills = rows_of(row.get("fills", []), "fills")
    if not fills:
        return []
    side = side_in(row, "side")
    return [
        trade_of(told.order_id, told.symbol, side, object_of(one, "a fill"), books) for one in fills
    ]


def side_in(row: dict[str, Any], key: str) -> int:
    """Buy or sell."""
    name = text_in(row, key)
    if name not in SIDES:
        raise Unreadable(f"side {name[:20]} is not known")
    return SIDES[name]


def trades_in(value: object, order_id: int, venue_id: int, books: Books) -> list[Trade]:
    """A page of `myTrades`; rows of other orders are left out."""
    trades = []
    for one in rows_of(value, "trades"):
        row = object_of(one, "a trade")
        if whole_in(row, "orderId") != venue_id:
            continue
        side = BUY if flag_in(row, "isBuyer") else SELL
        symbol = symbol_in(row, "symbol", books)
        if amount_in(row, "qty") >= books.rules[symbol].instrument.lot_e8:
            trades.append(trade_of(order_id, symbol, side, row, books))
    return trades


def open_in(value: object, books: Books, asked_ns: int) -> tuple[int, ...]:
    """The open orders of ours; the others are counted by symbol."""
    ids, others = [], [0] * len(books.rules)
    for one in rows_of(value, "open orders"):
        row = object_of(one, "an order")
        if text_in(row, "symbol") not in books.numbers:
            continue
        told = order_in(row, books)
        if told.order_id:
            ids.append(told.order_id)
        else:
            others[told.symbol] += 1
    books.others = others
    books.are_open(ids, asked_ns)
    return tuple(ids)


def account_in(value: object, books: Books) -> None:
    """Takes balances and permissions of an `account.status` answer; an absent asset is none.

    Others are not read: of some coins an account holds more than is a number here.
    """
    row = object_of(value, "an account")
    found: dict[str, Balance] = {}
    at_ns = time_ns_in(row, "updateTime") if "updateTime" in row else 0
    for one in rows_of(row.get("balances"), "balances"):
        held = object_of(one, "a balance")
        asset = text_in(held, "asset")
        if asset in books.assets:
            found[asset] = Balance(amount_in(held, "free"), amount_in(held, "locked"), at_ns)
    told = row.get("permissions")
    if isinstance(told, list):
        books.permissions = frozenset(one for one in told if isinstance(one, str))
    books.uid = max(whole_in(row, "uid"), 0) if "uid" in row else 0
    nothing = dict.fromkeys(books.assets, Balance(0, 0, at_ns))
    books.balances = nothing | found


def holding_of(books: Books, open_ids: tuple[int, ...]) -> Holding:
    """What is held, as the core counts it: the quote as cash, each base in whole lots."""
    traded_here = [rules.instrument for rules in books.rules]
    lots = [books.balances[one.base].all // one.lot_e8 for one in traded_here]
    quote = books.balances[books.rules[0].instrument.quote].all
    if max([quote, *lots]) >= BOUND:
        raise Unreadable("more is held than can be")
    dust_e8 = tuple(books.balances[one.base].all % one.lot_e8 for one in traded_here)
    other = books.balances.get(books.fee_asset)
    other_e8 = None if other is None or other.all >= BOUND else other.all
    return Holding(quote, tuple(lots), open_ids, dust_e8, other_e8, books.uid)
