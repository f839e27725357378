"""What becomes of an order that is sent, canceled or replaced? Parameters into an order."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Union

from engine.venues.exchange.door import payloads
from engine.venues.exchange.door.account_answers import commission_of
from engine.venues.exchange.door.asking import Ask
from engine.venues.exchange.door.parameters import either, missing
from engine.venues.exchange.matching.words import (
    LIMIT,
    LIMIT_MAKER,
    MARKET,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    NewOrder,
    VenueRefusal,
    Which,
)

if TYPE_CHECKING:
    from engine.venues.exchange.matching.orders import Order

Half = Union["Order", VenueRefusal, None]
# What an order of a type must tell, and what it must not.
NEEDED = {
    LIMIT: ("timeInForce", "quantity", "price"),
    LIMIT_MAKER: ("quantity", "price"),
    MARKET: (),
    STOP_LOSS: ("quantity", "stopPrice"),
    TAKE_PROFIT: ("quantity", "stopPrice"),
    STOP_LOSS_LIMIT: ("timeInForce", "quantity", "price", "stopPrice"),
    TAKE_PROFIT_LIMIT: ("timeInForce", "quantity", "price", "stopPrice"),
}
UNWANTED = {
    LIMIT: ("quoteOrderQty", "stopPrice", "trailingDelta"),
    LIMIT_MAKER: ("timeInForce", "quoteOrderQty", "stopPrice", "trailingDelta"),
    MARKET: ("timeInForce", "price", "stopPrice", "icebergQty", "trailingDelta"),
    STOP_LOSS: ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    TAKE_PROFIT: ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    STOP_LOSS_LIMIT: ("quoteOrderQty",),
    TAKE_PROFIT_LIMIT: ("quoteOrderQty",),
}
STRATEGY_MIN = 1_000_000
FAILED, HALF = -2022, -2021


class Partly(VenueRefusal):
    """A cancelReplace of which at least one half failed; `told` says what became of each."""

    def __init__(self, code: int, text: str, told: dict[str, Any]) -> None:
        super().__init__(code, text)
        self.told = told


def asked_for(given: Mapping[str, Any]) -> NewOrder:
    """The order that parameters describe; VenueRefusal for those that do not belong together."""
    kind = given["type"]
    for name in NEEDED[kind]:
        if name not in given:
            raise missing(name)
    if kind == MARKET:
        either("quantity", "quoteOrderQty", given)
        if "quantity" in given and "quoteOrderQty" in given:
            raise unwanted("quoteOrderQty")
    for name in UNWANTED[kind]:
        if name in given:
            raise unwanted(name)
    if given.get("strategyType", STRATEGY_MIN) < STRATEGY_MIN:
        raise VenueRefusal(-1134, "`strategyType` was less than 1000000.")
    return NewOrder(
        given["symbol"],
        given["side"],
        kind,
        quantity_e8=given.get("quantity", 0),
        price_e8=given.get("price", 0),
        time_in_force=given.get("timeInForce", "GTC"),
        client_id=given.get("newClientOrderId", ""),
        quote_quantity_e8=given.get("quoteOrderQty", 0),
        stop_price_e8=given.get("stopPrice", 0),
        stp_mode=given.get("selfTradePreventionMode", ""),
        iceberg_e8=given.get("icebergQty", 0),
        trailing_delta=given.get("trailingDelta", 0),
    )


def unwanted(name: str) -> VenueRefusal:
    """The refusal of an order that tells too much."""
    return VenueRefusal(-1106, f"Parameter '{name}' sent when not required.")


def place(ask: Ask) -> Any:
    """A new order."""
    member = ask.who
    asked = asked_for(ask.given)
    member.orders.refuse_more(ask.now_us)
    order = ask.house.exchange.place(member.account, asked, ask.now_us)
    member.orders.placed(ask.now_us)
    return payloads.placed(order, ask.given.get("newOrderRespType", ""), ask.unit)


def test(ask: Ask) -> Any:
    """Whether an order would be taken, and what it would cost."""
    asked = asked_for(ask.given)
    ask.house.exchange.test(ask.who.account, asked, ask.now_us)
    if not ask.given.get("computeCommissionRates"):
        return {}
    told = commission_of(ask.who.account)
    costs = {
        f"{name}ForOrder": {side: told[name][side] for side in ("maker", "taker")}
        for name in ("standardCommission", "specialCommission", "taxCommission")
    }
    return {**costs, "discount": told["discount"]}


def test_weight(sent: Mapping[str, Any]) -> int:
    """Heavier where the costs are computed."""
    return 20 if str(sent.get("computeCommissionRates", "")).lower() == "true" else 1


def which(given: Mapping[str, Any], prefix: str = "") -> Which:
    """The order that parameters name: by its id, by the client's, or by both."""
    names = ("orderId", "origClientOrderId", "newClientOrderId")
    if prefix:
        names = ("cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId")
    either(names[0], names[1], given)
    return Which(
        given["symbol"],
        given.get(names[0]),
        given.get(names[1]),
        given.get(names[2], "") if prefix or "newClientOrderId" in given else "",
        given.get("cancelRestrictions", ""),
    )


def cancel(ask: Ask) -> Any:
    """One order."""
    order = ask.house.exchange.cancel(ask.who.account, which(ask.given), ask.now_us)
    return payloads.canceled(order, ask.unit)


def cancel_all(ask: Ask) -> Any:
    """Every open order on a symbol; -2011 where there is none."""
    orders = ask.house.exchange.cancel_all(ask.who.account, ask.given["symbol"], ask.now_us)
    return [payloads.canceled(order, ask.unit) for order in orders]


def cancel_replace(ask: Ask) -> Any:
    """Another order in place of one; Partly where not both halves succeeded."""
    given, member, exchange = ask.given, ask.who, ask.house.exchange
    asked, old = asked_for(given), which(given, "cancel")
    member.orders.refuse_more(ask.now_us)
    mode = given["cancelReplaceMode"]
    canceled, placed = exchange.cancel_replace(member.account, old, asked, mode, ask.now_us)
    member.orders.placed(ask.now_us)
    form = given.get("newOrderRespType", "")
    told = {
        "cancelResult": result_of(canceled),
        "newOrderResult": result_of(placed),
        "cancelResponse": half_of(canceled, lambda order: payloads.canceled(order, ask.unit)),
        "newOrderResponse": half_of(placed, lambda order: payloads.placed(order, form, ask.unit)),
    }
    results = (told["cancelResult"], told["newOrderResult"])
    if results == ("SUCCESS", "SUCCESS"):
        return told
    if "SUCCESS" in results:
        raise Partly(HALF, "Order cancel-replace partially failed.", told)
    raise Partly(FAILED, "Order cancel-replace failed.", told)


def amend(ask: Ask) -> Any:
    """A smaller quantity for an order that keeps its place."""
    given = ask.given
    either("orderId", "origClientOrderId", given)
    account, exchange = ask.who.account, ask.house.exchange
    target = Which(given["symbol"], given.get("orderId"), given.get("origClientOrderId"))
    before = exchange.order(account, target).client_id
    wanted = given.get("newClientOrderId", "")
    order = exchange.amend(account, target, given["newQty"], wanted, ask.now_us)
    return payloads.amended(order, before, ask.unit)


def result_of(half: Half) -> str:
    """What became of a half."""
    if half is None:
        return "NOT_ATTEMPTED"
    return "FAILURE" if isinstance(half, VenueRefusal) else "SUCCESS"


def half_of(half: Half, told: Callable[["Order"], dict[str, Any]]) -> dict[str, Any] | None:
    """An order as it is told, a refusal as an error, or nothing."""
    if isinstance(half, VenueRefusal):
        return {"code": half.code, "msg": half.text}
    return None if half is None else told(half)
