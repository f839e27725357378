"""In which words does the exchange refuse? Codes and texts as Binance documents them (errors.md).

-1013 is said before the matching engine is asked, -2010 and -2011 by it. The documentation gives
some texts without a code; those codes are the ones users met.
"""

from engine.venues.exchange.matching.words import VenueRefusal

FILTER, COMPOSITION, TIME_IN_FORCE, ORDER_TYPE, SIDE = -1013, -1014, -1115, -1116, -1117
SYMBOL, PLACEMENT, CANCELLATION, NO_ORDER = -1121, -2010, -2011, -2013
AMENDMENT, CLIENT_ID = -2038, -2039

MARKET_CLOSED = (FILTER, "Market is closed.")
BAD_QUANTITY = (FILTER, "Invalid quantity.")
BAD_PRICE = (FILTER, "Invalid price.")
BAD_STOP_PRICE = (FILTER, "Invalid stopPrice.")
NO_ICEBERGS = (FILTER, "Iceberg orders are not supported for this symbol.")
NO_TRAILING = (FILTER, "Trailing stop orders are not supported for this symbol.")
NO_QUOTE_MARKET = (FILTER, "Quote order qty market orders are not support for this symbol.")
NO_SUCH_STP = (FILTER, "This symbol does not allow the specified self-trade prevention mode.")
NOTHING_WORTH = (FILTER, "Price * QTY is zero or less.")
UNSUPPORTED = (COMPOSITION, "Unsupported order combination.")
BAD_TIME_IN_FORCE = (TIME_IN_FORCE, "Invalid timeInForce.")
BAD_ORDER_TYPE = (ORDER_TYPE, "Invalid orderType.")
BAD_SIDE = (SIDE, "Invalid side.")
BAD_SYMBOL = (SYMBOL, "Invalid symbol.")

NO_BALANCE = (PLACEMENT, "Account has insufficient balance for requested action.")
DUPLICATE = (PLACEMENT, "Duplicate order sent.")
WOULD_TRIGGER = (PLACEMENT, "Order would trigger immediately.")
WOULD_MATCH = (PLACEMENT, "Order would immediately match and take.")
EMPTY_BOOK = (PLACEMENT, "Order book liquidity is less than symbol minimum quantity.")
THIN_BOOK = (PLACEMENT, "Order book liquidity is less than LOT_SIZE filter minimum quantity.")
THIN_MARKET = (
    PLACEMENT,
    "Order book liquidity is less than MARKET_LOT_SIZE filter minimum quantity.",
)

TOO_MUCH = (FILTER, "Filter failure: LOT_SIZE")
TOO_MUCH_AT_ONCE = (FILTER, "Filter failure: MARKET_LOT_SIZE")

UNKNOWN_ORDER = (CANCELLATION, "Unknown order sent.")
NEITHER_ID = (CANCELLATION, "Cancel order is invalid. Check origClOrdId and orderId.")
RESTRICTED = (CANCELLATION, "Order was not canceled due to cancel restrictions.")
NOT_THERE = (NO_ORDER, "Order does not exist.")
OTHER_ID = (CLIENT_ID, "Client order ID is not correct for this order ID.")

AMEND_UNKNOWN = (AMENDMENT, "Unknown order sent.")
AMEND_CLOSED = (AMENDMENT, "Market is closed.")
AMEND_DUPLICATE = (AMENDMENT, "Duplicate order sent.")
AMEND_INCREASE = (AMENDMENT, "Order amend (quantity increase) is not supported.")
AMEND_NOTHING = (AMENDMENT, "The requested action would change no state; rejecting.")
AMEND_TOO_OFTEN = (AMENDMENT, "Filter failure: MAX_NUM_ORDER_AMENDS")

# What an executionReport of a refused placement gives as reason (`r`).
REJECT_REASONS = {
    NO_BALANCE: "INSUFFICIENT_BALANCES",
    WOULD_TRIGGER: "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
    WOULD_MATCH: "WOULD_MATCH_IMMEDIATELY",
}
# By type, where a symbol does not have it.
TYPE_NAMES = {
    "MARKET": "Market",
    "STOP_LOSS": "Stop loss",
    "STOP_LOSS_LIMIT": "Stop loss limit",
    "TAKE_PROFIT": "Take profit",
    "TAKE_PROFIT_LIMIT": "Take profit limit",
}


def refusal(said: tuple[int, str]) -> VenueRefusal:
    """One of the rows above, ready to raise."""
    return VenueRefusal(*said)


def filter_failure(name: str) -> VenueRefusal:
    """An order that breaks the filter of this name."""
    return VenueRefusal(FILTER, f"Filter failure: {name}")


def without_type(order_type: str) -> VenueRefusal:
    """A symbol does not take orders of this type."""
    if order_type not in TYPE_NAMES:
        return refusal(BAD_ORDER_TYPE)
    said = f"{TYPE_NAMES[order_type]} orders are not supported for this symbol."
    return VenueRefusal(FILTER, said)
