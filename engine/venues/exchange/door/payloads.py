"""How is an order, a fill, an account told? As Binance's documents show them."""

from typing import TYPE_CHECKING, Any

from engine.venues.exchange.matching.words import LIMIT, MARKET, NONE, Balances, Fill, Reported
from engine.venues.exchange.spelling import amount

if TYPE_CHECKING:
    from engine.venues.exchange.matching.orders import Order

ACK, RESULT, FULL = "ACK", "RESULT", "FULL"


def placed(order: "Order", form: str, unit: int) -> dict[str, Any]:
    """The answer to a new order; `form` is empty where the client did not say."""
    form = form or (FULL if order.type in (LIMIT, MARKET) else ACK)
    told = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_id,
        "transactTime": order.updated_us // unit,
    }
    if form == ACK:
        return told
    told |= state(order)
    told["workingTime"] = timed(order.working_us, unit)
    told["selfTradePreventionMode"] = order.stp_mode or NONE
    told |= where_told(order)
    if form == FULL:
        told["fills"] = [fill_part(fill) for fill in order.fills]
    return told


def canceled(order: "Order", unit: int) -> dict[str, Any]:
    """The answer to a cancel: its own id, and the order's as the original one."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.cancel_id,
        "transactTime": order.updated_us // unit,
        **state(order),
        "selfTradePreventionMode": order.stp_mode or NONE,
        **where_told(order),
    }


def amended(order: "Order", before: str, unit: int) -> dict[str, Any]:
    """The answer to an amendment; `before` is the client id the order had."""
    return {
        "transactTime": order.updated_us // unit,
        "executionId": order.dealings.market.last_execution_id,
        "amendedOrder": {
            "symbol": order.symbol,
            "orderId": order.id,
            "orderListId": order.order_list_id,
            "origClientOrderId": before,
            "clientOrderId": order.client_id,
            "price": amount(order.price_e8),
            "qty": amount(order.quantity_e8),
            "executedQty": amount(order.executed_e8),
            "preventedQty": amount(order.prevented_e8),
            "quoteOrderQty": amount(order.quote_quantity_e8),
            "cumulativeQuoteQty": amount(order.quote_executed_e8),
            "status": order.status,
            "timeInForce": order.time_in_force,
            "type": order.type,
            "side": order.side,
            "workingTime": timed(order.working_us, unit),
            "selfTradePreventionMode": order.stp_mode or NONE,
        },
    }


def order_row(order: "Order", unit: int) -> dict[str, Any]:
    """An order as it is asked for later."""
    return {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.order_list_id,
        "clientOrderId": order.client_id,
        **state(order),
        "stopPrice": amount(order.stop_price_e8),
        "icebergQty": amount(0),
        "time": order.created_us // unit,
        "updateTime": order.updated_us // unit,
        "isWorking": not order.is_waiting,
        "workingTime": timed(order.working_us, unit),
        "selfTradePreventionMode": order.stp_mode or NONE,
        **where_told(order),
    }


def state(order: "Order") -> dict[str, Any]:
    """What an order is and how far it came."""
    return {
        "price": amount(order.price_e8),
        "origQty": amount(order.quantity_e8),
        "executedQty": amount(order.executed_e8),
        "origQuoteOrderQty": amount(order.quote_quantity_e8),
        "cummulativeQuoteQty": amount(order.quote_executed_e8),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
    }


def where_told(order: "Order") -> dict[str, Any]:
    """Fields that only some orders have."""
    told: dict[str, Any] = {}
    if order.stop_price_e8:
        told["stopPrice"] = amount(order.stop_price_e8)
    if order.prevented_e8:
        told["preventedMatchId"] = order.prevented_id
        told["preventedQuantity"] = amount(order.prevented_e8)
    if order.expiry_reason:
        told["expiryReason"] = order.expiry_reason
    return told


def timed(at_us: int, unit: int) -> int:
    """A time, or -1 where there is none."""
    return at_us // unit if at_us >= 0 else -1


def fill_part(fill: Fill) -> dict[str, Any]:
    """A fill in the answer to a new order."""
    return {
        "price": amount(fill.price_e8),
        "qty": amount(fill.quantity_e8),
        "commission": amount(fill.fee_e8),
        "commissionAsset": fill.fee_asset,
        "tradeId": fill.trade_id,
    }


def fill_row(symbol: str, fill: Fill, unit: int) -> dict[str, Any]:
    """A fill in the account's list of trades."""
    return {
        "symbol": symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": amount(fill.price_e8),
        "qty": amount(fill.quantity_e8),
        "quoteQty": amount(fill.quote_e8),
        "commission": amount(fill.fee_e8),
        "commissionAsset": fill.fee_asset,
        "time": fill.at_us // unit,
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def report(told: Reported, unit: int) -> dict[str, Any]:
    """An executionReport."""
    order, fill = told.order, told.fill
    said = {
        "e": "executionReport",
        "E": told.at_us // unit,
        "s": order.symbol,
        "c": told.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": amount(told.quantity_e8),
        "p": amount(order.price_e8),
        "P": amount(order.stop_price_e8),
        "F": amount(0),
        "g": order.order_list_id,
        "C": told.original_client_id,
        "x": told.kind,
        "X": told.status,
        "r": told.reject_reason,
        "i": order.id,
        "l": amount(fill.quantity_e8 if fill else 0),
        "z": amount(told.executed_e8),
        "L": amount(fill.price_e8 if fill else 0),
        "n": amount(fill.fee_e8) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": told.at_us // unit,
        "t": fill.trade_id if fill else -1,
        "I": told.execution_id,
        "w": told.is_working,
        "m": fill.is_maker if fill else False,
        "M": fill is not None,
        "O": order.created_us // unit,
        "Z": amount(told.quote_executed_e8),
        "Y": amount(fill.quote_e8 if fill else 0),
        "Q": amount(order.quote_quantity_e8),
        "V": order.stp_mode or NONE,
    }
    if order.working_us >= 0:
        said["W"] = order.working_us // unit
    return said | sometimes(told)


def sometimes(told: Reported) -> dict[str, Any]:
    """The fields of orders that met their own account's, and of those that expired."""
    said: dict[str, Any] = {}
    prevented = told.prevented
    if prevented:
        is_taker = prevented.taker_order_id == told.order.id
        lost = prevented.taker_e8 if is_taker else prevented.maker_e8
        said["v"] = prevented.id
        said["A"] = amount(told.prevented_e8)
        said["B"] = amount(lost)
        said["u"] = prevented.id
        said["U"] = prevented.maker_order_id if is_taker else prevented.taker_order_id
        said["Cs"] = told.order.symbol
        said["pl"] = amount(prevented.quantity_e8)
        said["pL"] = amount(prevented.price_e8)
    if told.kind == "EXPIRED" and told.order.expiry_reason:
        said["eR"] = told.order.expiry_reason
    return said


def position(told: Balances, unit: int) -> dict[str, Any]:
    """An outboundAccountPosition."""
    rows = [
        {"a": asset, "f": amount(free), "l": amount(locked)}
        for asset, (free, locked) in told.assets.items()
    ]
    at = told.at_us // unit
    return {"e": "outboundAccountPosition", "E": at, "u": at, "B": rows}
