"""How much is too much? The limits the gate's checks hold orders against."""

from engine.layout import F, I, Parameter, block

PARAMETERS = block(
    position_max=Parameter(
        F, 0.10, 0.0, 1.0, "of equity", "Largest value of one position after an order."
    ),
    exposure_max=Parameter(
        F, 0.50, 0.0, 1.0, "of equity", "Largest value of all positions after an order."
    ),
    price_band=Parameter(
        F, 0.05, 0.0001, 1.0, "of last price", "Farthest limit or trigger from the last price."
    ),
    stale_seconds=Parameter(
        F, 90.0, 0.1, 86_400.0, "s", "Nothing is bought on a market silent for longer."
    ),
    orders_per_minute_max=Parameter(
        I, 30, 1, 1_000_000, "orders", "Entries a minute, over all symbols."
    ),
)
RATE = block(minute=I, orders=I)
MINUTE_NS = 60_000_000_000


def count_order(rate, now_ns):
    """One more entry in the current minute."""
    minute = now_ns // MINUTE_NS
    if minute != rate.minute:
        rate.minute = minute
        rate.orders = 0
    rate.orders += 1


def orders_this_minute(rate, now_ns):
    """Entries already made in the current minute."""
    return rate.orders if now_ns // MINUTE_NS == rate.minute else 0
