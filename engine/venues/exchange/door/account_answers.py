"""What is answered about an account? Balances, orders, fills, fees, and what it may still ask."""

from typing import Any

from engine.venues.exchange.door import payloads
from engine.venues.exchange.door.asking import Ask
from engine.venues.exchange.door.parameters import either
from engine.venues.exchange.door.weights import DAY, order_rows
from engine.venues.exchange.matching.accounts import BNB, Account, Rates
from engine.venues.exchange.matching.words import VenueRefusal, Which
from engine.venues.exchange.spelling import amount

ROWS_USUAL, ROWS_MAX = 500, 1_000
E8_A_BASIS_POINT = 10_000


def account(ask: Ask) -> Any:
    """Balances and rights."""
    held: Account = ask.who.account
    standard = held.commission.standard
    rates = rates_row(standard)
    is_whole = not ask.given.get("omitZeroBalances", False)
    return {
        "makerCommission": standard.maker_e8 // E8_A_BASIS_POINT,
        "takerCommission": standard.taker_e8 // E8_A_BASIS_POINT,
        "buyerCommission": standard.buyer_e8 // E8_A_BASIS_POINT,
        "sellerCommission": standard.seller_e8 // E8_A_BASIS_POINT,
        "commissionRates": rates,
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": ask.now_us // ask.unit,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": amount(row.free), "locked": amount(row.locked)}
            for asset, row in sorted(held.balances.items())
            if is_whole or row.free or row.locked
        ],
        "permissions": ["SPOT"],
        "uid": held.uid,
    }


def rates_row(rates: Rates) -> dict[str, str]:
    """Rates as text."""
    return {
        "maker": amount(rates.maker_e8),
        "taker": amount(rates.taker_e8),
        "buyer": amount(rates.buyer_e8),
        "seller": amount(rates.seller_e8),
    }


def commission_of(held: Account) -> dict[str, Any]:
    """What an account pays."""
    told = held.commission
    return {
        "standardCommission": rates_row(told.standard),
        "specialCommission": rates_row(told.special),
        "taxCommission": rates_row(told.tax),
        "discount": {
            "enabledForAccount": told.in_bnb,
            "enabledForSymbol": True,
            "discountAsset": BNB,
            "discount": amount(told.bnb_e8),
        },
    }


def commission(ask: Ask) -> Any:
    """The same, of one symbol."""
    name = ask.house.rules_named(ask.given["symbol"]).name
    return {"symbol": name, **commission_of(ask.who.account)}


def order(ask: Ask) -> Any:
    """One order."""
    given = ask.given
    either("orderId", "origClientOrderId", given)
    which = Which(given["symbol"], given.get("orderId"), given.get("origClientOrderId"))
    return payloads.order_row(ask.house.exchange.order(ask.who.account, which), ask.unit)


def open_orders(ask: Ask) -> Any:
    """Open orders of a symbol, or of all."""
    found = ask.house.exchange.open_orders(ask.who.account, ask.given.get("symbol"))
    return [payloads.order_row(one, ask.unit) for one in sorted(found, key=lambda one: one.id)]


def all_orders(ask: Ask) -> Any:
    """Orders from an id or a time on, else the newest."""
    given = ask.given
    refuse_long(ask)
    found = [
        one
        for one in ask.house.exchange.all_orders(ask.who.account, given["symbol"])
        if one.id >= given.get("orderId", 0)
        and given.get("startTime", 0) <= one.created_us <= given.get("endTime", one.created_us)
    ]
    rows = limited(ask, sorted(found, key=lambda one: one.id), "orderId")
    return [payloads.order_row(one, ask.unit) for one in rows]


def fills(ask: Ask) -> Any:
    """The account's trades: of an order, from an id or a time on, else the newest."""
    given, name = ask.given, ask.given["symbol"]
    refuse_long(ask)
    found = [
        one
        for one in ask.house.exchange.fills(ask.who.account, name)
        if one.order_id == given.get("orderId", one.order_id)
        and one.trade_id >= given.get("fromId", 0)
        and given.get("startTime", 0) <= one.at_us <= given.get("endTime", one.at_us)
    ]
    return [payloads.fill_row(name, one, ask.unit) for one in limited(ask, found, "fromId")]


def limited(ask: Ask, rows: list[Any], from_id: str) -> list[Any]:
    """The first of them where a beginning was asked for, else the last."""
    limit = min(ask.given.get("limit", ROWS_USUAL), ROWS_MAX)
    return rows[:limit] if {from_id, "startTime"} & ask.given.keys() else rows[-limit:]


def refuse_long(ask: Ask) -> None:
    """VenueRefusal for more than a day between two times."""
    given = ask.given
    if "startTime" in given and "endTime" in given and given["endTime"] - given["startTime"] > DAY:
        raise VenueRefusal(-1127, "More than 24 hours between startTime and endTime.")


def order_counts(ask: Ask) -> Any:
    """How many unfilled orders the account placed."""
    return order_rows(ask.who.orders, ask.now_us)


def prevented(ask: Ask) -> Any:
    """Matches of the account with itself that did not happen."""
    given = ask.given
    dealings = ask.house.exchange.dealings(ask.who.account, given["symbol"])
    rows = [
        one
        for one in dealings.prevented
        if given.get("preventedMatchId", one.id) == one.id
        and given.get("orderId", one.taker_order_id) in (one.taker_order_id, one.maker_order_id)
    ]
    return [
        {
            "symbol": given["symbol"],
            "preventedMatchId": one.id,
            "takerOrderId": one.taker_order_id,
            "makerSymbol": given["symbol"],
            "makerOrderId": one.maker_order_id,
            "tradeGroupId": ask.who.account.id,
            "selfTradePreventionMode": one.mode,
            "price": amount(one.price_e8),
            "makerPreventedQuantity": amount(one.maker_e8),
            "transactTime": one.at_us // ask.unit,
        }
        for one in rows[: min(given.get("limit", ROWS_USUAL), ROWS_MAX)]
    ]
