"""How is a venue assumed to fill? Each assumption is a small function of its own."""

from engine.layout import I, Parameter, block
from engine.messages import BUY, LIMIT, SELL

PARAMETERS = block(
    latency_ns=Parameter(I, 50_000_000, 0, 60_000_000_000, "ns", "From a command to the venue."),
    maker_fee_ppm=Parameter(I, 1_000, 0, 100_000, "ppm", "Fee of an order that rested."),
    taker_fee_ppm=Parameter(I, 1_000, 0, 100_000, "ppm", "Fee of an order that took."),
    slippage_ppm=Parameter(I, 100, 0, 100_000, "ppm", "A taker's price is worse by this much."),
    volume_share_ppm=Parameter(
        I, 100_000, 1, 1_000_000, "ppm", "Share of a traded volume that may be ours."
    ),
)
PPM = 1_000_000
OPEN_NS = 1_000_000_000  # who arrives this soon after a bar's open still trades at it


def arrival_of(sent_ns, parameters):
    """When a command reaches the venue."""
    return sent_ns + parameters.latency_ns


def lots_for_us(market, instrument, parameters):
    """The part of an event's volume that may be ours, in lots; a book offers its size anew."""
    if instrument.lot_e8 <= 0:
        return 0
    volume = min(market.volume_e8, 4_000_000_000_000_000_000 // max(parameters.volume_share_ppm, 1))
    return volume * parameters.volume_share_ppm // PPM // instrument.lot_e8


def half_spread(side, market):
    """Ticks from the middle (rounded down, as below) to the quote a taker pays."""
    spread = market.ask - market.bid
    return spread - spread // 2 if side == BUY else spread // 2


def slippage_ticks(price, parameters):
    """Ticks by which a taker's price is worse than the quote; never rounded in our favour."""
    rest = price % PPM * parameters.slippage_ppm
    return price // PPM * parameters.slippage_ppm + (rest + PPM - 1) // PPM


def worse(side, price, ticks):
    """A price moved against whoever takes it."""
    return price + ticks if side == BUY else max(price - ticks, 1)


def middle_price(side, market, arrived_ns):
    """What an arriving order trades around: the event's open, or its end for one that came then.

    Inside a bar it is unknown what traded after the order came: the worst price of the bar.
    """
    if market.booked == 1 and market.opened_ns == market.received_ns:
        return market.bid + (market.ask - market.bid) // 2
    if arrived_ns >= market.received_ns:
        return market.last
    if arrived_ns <= market.opened_ns + OPEN_NS:
        return market.open
    return market.high if side == BUY else market.low


def stop_is_reached(order, market):
    """A stop triggers when the price touches it."""
    return market.low <= order.price if order.side == SELL else market.high >= order.price


def stop_fill_price(order, market):
    """A triggered stop trades around its trigger, or worse where the market opened beyond it."""
    if order.side == SELL:
        return min(order.price, market.open)
    return max(order.price, market.open)


def limit_is_reached(order, market):
    """A resting limit trades only when the price went through it: the queue ahead is unknown."""
    return market.low < order.price if order.side == BUY else market.high > order.price


def limit_takes(order, quoted):
    """Whether a limit arriving now would take instead of rest."""
    return order.price >= quoted if order.side == BUY else order.price <= quoted


def bounded(order, price):
    """No order trades beyond its own limit."""
    if order.type != LIMIT:
        return price
    return min(price, order.price) if order.side == BUY else max(price, order.price)
