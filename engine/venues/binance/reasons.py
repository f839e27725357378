"""Why not? Numbers of refusals with their words, and which of the venue's errors are a definite no.

A refusal's number is the venue's own code where it gave one, which is negative; ours begin at 100.
"""

from engine.venues.binance.reading import Unreadable

# What we find ourselves, before anything is sent. The names of filters are the venue's.
NAMES = {
    100: "HELD_BACK: it could not leave in time, and was not sent",
    101: "SYMBOL_UNKNOWN: the venue does not trade it",
    102: "SYMBOL_HALTED: the symbol takes no orders now",
    103: "ORDER_TYPE: the symbol takes no orders of this type",
    104: "PRICE_FILTER: the price is out of bounds, or between two ticks",
    105: "LOT_SIZE: the quantity is out of bounds, or between two lots",
    106: "MARKET_LOT_SIZE: the quantity is out of bounds for a market order",
    107: "NOTIONAL: the order is worth too little or too much",
    108: "PERCENT_PRICE_BY_SIDE: the price is too far from the average",
    109: "MAX_NUM_ORDERS: as many orders are open as may be",
    110: "MAX_NUM_ALGO_ORDERS: as many stops are open as may be",
    111: "MAX_POSITION: more would be held than may be",
    112: "PERMISSIONS: the account may not trade this symbol",
}
HELD_BACK, SYMBOL_UNKNOWN, SYMBOL_HALTED, ORDER_TYPE = 100, 101, 102, 103
PRICE_FILTER, LOT_SIZE, MARKET_LOT_SIZE, NOTIONAL, PERCENT_PRICE = 104, 105, 106, 107, 108
MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS, MAX_POSITION, PERMISSIONS = 109, 110, 111, 112

TOO_MANY_REQUESTS, TOO_MANY_ORDERS, BAD_TIME = -1003, -1015, -1021
REJECTED, CANCEL_REJECTED, NO_SUCH_ORDER, ARCHIVED = -2010, -2011, -2013, -2026
SUBSCRIBED_ALREADY = -2035
DUPLICATE, CLOSED, FILTERED = "Duplicate order sent.", "Market is closed.", "Filter failure"

# The venue says itself, or does not deny, that the request may have been carried out.
UNDECIDED = {
    -1000: "an unknown error occurred",
    -1001: "internal error",
    -1006: "an unexpected response, execution status unknown",
    -1007: "timeout, execution status unknown",
    -1008: "overloaded",
    -1016: "shutting down",
    -2021: "a cancel-replace that half succeeded",
    -2022: "a cancel-replace that failed",
}
# Errors below this are of requests that were read and turned down.
CODES_LOW, CODES_HIGH = -9_999, -1_000


def is_definite(status: int, code: int, message: str) -> bool:
    """Whether an error means for certain that the request had no effect.

    Source: rest-api.md "HTTP Return Codes" and "General API Information", errors.md.
    """
    if not 400 <= status < 500 or status in (408, 409):
        return False
    if status == 403:
        return True  # a firewall took it
    if code in UNDECIDED or not CODES_LOW < code < CODES_HIGH:
        return status in (418, 429)
    return not is_duplicate(code, message)


def is_duplicate(code: int, message: str) -> bool:
    """Whether an order is refused because an open one has its name."""
    return code == REJECTED and message.startswith(DUPLICATE.rstrip("."))


def words_of(reason: int) -> str:
    """What a reason of OrderRejected says to a reader."""
    if reason < 0:
        return f"the venue's error {reason}"
    return NAMES.get(reason, f"reason {reason}")


def error_of(error: object) -> tuple[int, str]:
    """Code and text of an error; Unreadable if it has none."""
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(code, int) or isinstance(code, bool) or not CODES_LOW < code < 0:
        raise Unreadable("an error without a code")
    message = error.get("msg") if isinstance(error, dict) else None
    return code, message if isinstance(message, str) else ""
