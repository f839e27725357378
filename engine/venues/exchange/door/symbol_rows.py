"""What may be traded here, in which steps? Symbols and filters as exchangeInfo tells them."""

from typing import Any

from engine.instruments import text_of_e8
from engine.venues.exchange.matching.words import Rules
from engine.venues.exchange.spelling import amount


def symbol_row(rules: Rules, status: str) -> dict[str, Any]:
    """One symbol."""
    return {
        "symbol": rules.name,
        "status": status,
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(rules.order_types),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": rules.has_quote_market,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filter_rows(rules),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": rules.stp_default,
        "allowedSelfTradePreventionModes": list(rules.stp_allowed),
    }


def filter_rows(rules: Rules) -> list[dict[str, Any]]:
    """One symbol's filters; those it does not have are left out."""
    rows: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": amount(rules.price_min_e8),
            "maxPrice": amount(rules.price_max_e8),
            "tickSize": amount(rules.tick_e8),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": amount(rules.quantity_min_e8),
            "maxQty": amount(rules.quantity_max_e8),
            "stepSize": amount(rules.step_e8),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": amount(rules.market_quantity_min_e8),
            "maxQty": amount(rules.market_quantity_max_e8),
            "stepSize": amount(rules.market_step_e8),
        },
        notional_row(rules),
    ]
    if rules.bid_up_e8:
        rows.append(percent_row(rules))
    rows.append({"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.orders_max})
    rows.append({"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.algo_orders_max})
    if rules.position_max_e8:
        rows.append({"filterType": "MAX_POSITION", "maxPosition": amount(rules.position_max_e8)})
    return rows


def notional_row(rules: Rules) -> dict[str, Any]:
    """What an order must be worth, and may be."""
    row = {
        "filterType": "NOTIONAL",
        "minNotional": amount(rules.notional_min_e8),
        "applyMinToMarket": rules.notional_min_to_market,
        "avgPriceMins": rules.average_minutes,
    }
    if rules.notional_max_e8:
        row["maxNotional"] = amount(rules.notional_max_e8)
        row["applyMaxToMarket"] = rules.notional_max_to_market
    return row


def percent_row(rules: Rules) -> dict[str, Any]:
    """How far from the average price an order may be."""
    return {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": factor(rules.bid_up_e8),
        "bidMultiplierDown": factor(rules.bid_down_e8),
        "askMultiplierUp": factor(rules.ask_up_e8),
        "askMultiplierDown": factor(rules.ask_down_e8),
        "avgPriceMins": rules.average_minutes,
    }


def factor(value_e8: int) -> str:
    """A multiplier without the zeros behind it."""
    text = text_of_e8(value_e8, 1)
    return text.rstrip("0").rstrip(".")
