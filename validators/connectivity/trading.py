"""May these keys trade, and does a tiny order go there and back?"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from engine.instruments import E8
from engine.messages import BUY, LIMIT
from engine.venues.binance import reasons
from engine.venues.binance.checks import Around, Order, objection
from engine.venues.binance.limits import cost_of
from engine.venues.binance.reading import Unreadable, amount_in, object_of, rows_of
from engine.venues.binance.requests import Call, account_status, cancel, order_status
from engine.venues.binance.rules import Rules
from validators.connectivity.outcome import Failed, Outcome, Skipped
from validators.connectivity.places import is_real
from validators.connectivity.reaching import plain
from validators.connectivity.visit import Socket, Visit

RESTRICTIONS = Call("", "GET", "/sapi/v1/account/apiRestrictions", {}, cost_of(1))
BELOW_PERCENT = 5  # of the best bid: nothing trades there within the second it lies there
CLEAR_SECONDS, CLEAR_LOOK_SECONDS = 5.0, 0.25  # for an order whose outcome was lost
UNKNOWN_ORDER = "-2013"
ENDED = ("CANCELED", "FILLED", "REJECTED", "EXPIRED", "EXPIRED_IN_MATCH")
ROUNDING_PERCENT = 5  # above the least worth, so that a price that moves does not undercut it


def auth(visit: Visit) -> Outcome:
    """The keys sign requests that it takes, over both of its ways."""
    visit.account = visit.ask(account_status())
    with visit.socket(visit.venue.ws_api) as socket:
        visit.call(socket, account_status(), "account")
    return Outcome("REST and WebSocket API know the keys", {})


def permissions(visit: Visit) -> Outcome:
    """The keys may trade the symbol, and may not withdraw."""
    assert visit.rules is not None
    told = visit.account
    if told.get("canTrade") is not True:
        raise Failed("the account may not trade: enable spot trading for these keys")
    listed = told.get("permissions")
    names = frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
    if names and not visit.rules.may_trade(names):
        raise Failed(f"{visit.asked.symbol} needs more than {', '.join(sorted(names))}")
    restricted = restrictions(visit)
    if restricted.get("enableWithdrawals") is True:
        raise Failed("these keys may withdraw: make keys that may only trade")
    open_to_all = " from any address: bind them to this machine's"
    said = open_to_all if restricted.get("ipRestrict") is False else ""
    return Outcome(f"the account may trade {visit.asked.symbol}{said}", {})


def restrictions(visit: Visit) -> dict[str, Any]:
    """What the keys themselves may do; nothing where a venue does not tell."""
    with suppress(Failed):
        told = visit.ask(RESTRICTIONS)
        return told if isinstance(told, dict) else {}
    return {}


class Tiny(NamedTuple):
    """A buy of the least worth, well below the market, under a name of its own."""

    rules: Rules
    price: int  # ticks
    lots: int
    name: str

    def call(self) -> Call:
        """The order as a call: it makes or it is refused, it never takes."""
        one = self.rules.instrument
        parameters: dict[str, str | int | bool] = {
            "symbol": one.name, "side": "BUY", "type": "LIMIT_MAKER",
            "quantity": one.quantity_text(self.lots), "price": one.price_text(self.price),
            "newClientOrderId": self.name, "newOrderRespType": "RESULT",
        }  # fmt: skip
        return Call("order.place", "POST", "/api/v3/order", parameters, cost_of(1, 1))

    @property
    def worth_e8(self) -> int:
        """What it would cost, in 1e-8 of quote."""
        one = self.rules.instrument
        return self.price * one.tick_e8 * self.lots * one.lot_e8 // E8


def round_trip(visit: Visit) -> Outcome:
    """A tiny order is taken, seen, canceled and gone, and nothing of it traded."""
    if is_real(visit.venue) and not visit.asked.may_order:
        raise Skipped("an order there is real money: repeat with --confirm live")
    tiny = tiny_order(visit)
    must_be_affordable(visit, tiny)
    with visit.socket(visit.venue.ws_api) as socket:
        try:
            took_ms = there_and_back(visit, socket, tiny)
        except Failed as failed:
            raise Failed(f"{failed}; {cleared(visit, tiny)}") from failed
    steps = ", ".join(f"{name} {ms:.1f} ms" for name, ms in took_ms.items())
    said = f"{plain(tiny.worth_e8)} {tiny.rules.instrument.quote} went there and back: {steps}"
    return Outcome(said, {f"{name}_ms": round(ms, 2) for name, ms in took_ms.items()})


def tiny_order(visit: Visit) -> Tiny:
    """The smallest order that its filters take, below the best bid; Failed if there is none."""
    rules = visit.rules
    assert rules is not None
    one, symbol = rules.instrument, visit.asked.symbol
    ticker = Call("", "GET", "/api/v3/ticker/bookTicker", {"symbol": symbol}, cost_of(2),
                  is_signed=False)  # fmt: skip
    bid = bid_of(visit.ask(ticker))
    if bid <= 0:
        raise Failed(f"nobody bids for {symbol}: there is no price to stay below")
    price = max(bid * (100 - BELOW_PERCENT) // 100 // one.tick_e8, one.price_min)
    least = max(rules.filters.notional_min, 1) * (100 + ROUNDING_PERCENT) // 100
    lots = max(-(-least * E8 // (price * one.tick_e8 * one.lot_e8)), one.lots_min)
    order = Order(BUY, LIMIT, price * one.tick_e8, lots * one.lot_e8)
    if reason := objection(order, rules, Around()):
        raise Failed(f"no tiny order passes the filters: {reasons.NAMES[reason]}")
    return Tiny(rules, price, lots, f"connectivity-{os.urandom(8).hex()}")


def bid_of(told: object) -> int:
    """The best bid of a bookTicker, in 1e-8; Failed when it cannot be read."""
    try:
        return amount_in(object_of(told, "a ticker"), "bidPrice")
    except Unreadable as error:
        raise Failed(f"its best bid cannot be read: {error}") from error


def must_be_affordable(visit: Visit, tiny: Tiny) -> None:
    """Failed when the account lacks what the order would lock."""
    quote = tiny.rules.instrument.quote
    try:
        told = rows_of(visit.account.get("balances"), "balances")
        rows = [object_of(row, "a balance") for row in told]
        free = sum(amount_in(row, "free") for row in rows if row.get("asset") == quote)
    except Unreadable as error:
        raise Failed(f"its balances cannot be read: {error}") from error
    if free < tiny.worth_e8:
        need = plain(tiny.worth_e8)
        raise Failed(f"the account has {plain(free)} {quote} free, the order needs {need}")


def there_and_back(visit: Visit, socket: Socket, tiny: Tiny) -> dict[str, float]:
    """Milliseconds of placing, seeing and canceling; Failed when a step says something else."""
    symbol, took = tiny.rules.instrument.name, {}
    placed, took["place"] = timed(lambda: visit.call(socket, tiny.call(), "place"))
    must_be(placed, "NEW")
    number = int(placed["orderId"])
    seen, took["status"] = timed(lambda: visit.ask(order_status(symbol, number, tiny.name)))
    must_be(seen, "NEW")
    back = cancel(symbol, number, tiny.name)
    canceled, took["cancel"] = timed(lambda: visit.call(socket, back, "cancel"))
    must_be(canceled, "CANCELED")
    must_be(visit.ask(order_status(symbol, number, tiny.name)), "CANCELED")
    return took


def timed(step: Callable[[], Any]) -> tuple[Any, float]:
    """What a step yields, and its milliseconds."""
    began = time.perf_counter()
    found = step()
    return found, (time.perf_counter() - began) * 1e3


def must_be(order: object, status: str) -> None:
    """Failed unless an answer shows the order with this status and nothing of it traded."""
    if not isinstance(order, dict) or type(order.get("orderId")) is not int:
        raise Failed("an answer shows no order")
    seen, traded = str(order.get("status"))[:20], str(order.get("executedQty"))[:30]
    if seen != status or traded.strip("0") not in (".", ""):
        raise Failed(f"the order should be {status} with nothing traded: {seen}, {traded}")


def cleared(visit: Visit, tiny: Tiny) -> str:
    """Take back what may have been placed; what is known of it then.

    Not found right after an order's outcome was lost is no proof: it is asked for again.
    """
    symbol, said = tiny.rules.instrument.name, ""
    end = time.monotonic() + max(visit.asked.timeout, CLEAR_SECONDS)
    while True:
        with suppress(Failed):
            visit.ask(cancel(symbol, 0, tiny.name))
            return f"order {tiny.name} was taken back"
        try:
            status = str(visit.ask(order_status(symbol, 0, tiny.name)).get("status"))[:20]
        except Failed as failed:
            said = "is not known there" if UNKNOWN_ORDER in str(failed) else "may be open"
        else:
            if status in ENDED:
                return f"order {tiny.name} is {status}"
            said = f"is {status}"
        if time.monotonic() > end:
            return f"order {tiny.name} {said}: look for it at the venue"
        time.sleep(CLEAR_LOOK_SECONDS)
