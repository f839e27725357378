"""What is the market saying? Quotes, the bar being built, and the indicators over closed bars."""

from engine.layout import I, Parameter, block
from engine.strategy.indicators import BAR, INDICATORS, indicators_step

PARAMETERS = block(
    bar_seconds=Parameter(I, 60, 1, 86_400, "s", "Length of the bars built from trades."),
    half_spread_ticks=Parameter(
        I, 1, 0, 1_000_000, "ticks", "Half the spread where the market shows no book."
    ),
)
AHEAD_NS = 10_000_000_000  # a venue's clock that runs further ahead is believed so far
QUICKEST_NS = 1_800_000_000_000  # a span in which the quickest word is looked for
BOOK_NS = 10_000_000_000  # a book silent for longer while others trade is no quote any more
VOLUME_MAX = 2_305_843_009_213_693_952  # 2^61 of 1e-8 base: two of them are still a number
MARKET = block(
    last=I,  # ticks
    bid=I,
    ask=I,
    received_ns=I,
    booked=I,  # 1 while a real book is seen
    booked_ns=I,
    open=I,  # of the newest event, ticks: one price for a trade, four for a bar
    high=I,
    low=I,
    volume_e8=I,
    opened_ns=I,  # when the newest event began: a bar's open, a trade's own moment
    quickest_ns=I,  # the least from a venue's time to ours of late, its clock's offset in it
    quickest_before_ns=I,  # and in the span before
    quickest_until_ns=I,
    late_ns=I,  # by which the newest word came later than the quickest
    doubt=I,  # why whoever hears the market does not believe it, 0 while it does
)
BUILDER = block(open=I, high=I, low=I, close=I, volume_e8=I, start_ns=I, trades=I)
FEATURES = block(market=MARKET, builder=BUILDER, bar=BAR, indicators=INDICATORS)


def quote(market, parameters, instrument, price):
    """Move the last price; without a book the assumed half-spread stands around it."""
    market.last = price
    if market.received_ns - market.booked_ns > BOOK_NS:
        market.booked = 0
    if market.booked == 0:
        away = parameters.half_spread_ticks * max(instrument.price_step, 1)
        market.bid = max(price - away, 1)
        market.ask = min(price + away, instrument.price_max)


def bar_is_sane(event):
    """A bar whose prices cannot be is counted and otherwise ignored."""
    return event.c > 0 and event.b >= max(event.a, event.d) and event.c <= min(event.a, event.d)


def believed(event):
    """An event's own time, as far as it can be: what lies in the future would stop every bar."""
    return min(event.time_ns, event.received_ns + AHEAD_NS)


def see_delay(market, event):
    """How late a word came: by more than the quickest ones of this span and the one before.

    Nobody knows how far a venue's clock is from ours, but it is the same for all of them.
    """
    delay_ns = event.received_ns - event.time_ns
    if event.received_ns >= market.quickest_until_ns:
        market.quickest_before_ns = market.quickest_ns
        if market.quickest_until_ns == 0:
            market.quickest_before_ns = delay_ns
        market.quickest_ns = delay_ns
        market.quickest_until_ns = event.received_ns + QUICKEST_NS
    market.quickest_ns = min(market.quickest_ns, delay_ns)
    market.late_ns = delay_ns - min(market.quickest_ns, market.quickest_before_ns)


def see_bar(features, parameters, instrument, event):
    """A closed bar (a open, b high, c low, d close, e volume) as the newest market event."""
    market = features.market
    market.open = event.a
    market.high = event.b
    market.low = event.c
    market.volume_e8 = event.e
    market.opened_ns = event.time_ns
    market.received_ns = event.received_ns
    quote(market, parameters, instrument, event.d)


def see_trade(features, parameters, instrument, event):
    """A trade (a price, b volume) as the newest market event."""
    market = features.market
    see_delay(market, event)
    market.open = event.a
    market.high = event.a
    market.low = event.a
    market.volume_e8 = event.b
    market.opened_ns = event.received_ns
    market.received_ns = event.received_ns
    quote(market, parameters, instrument, event.a)


def see_book(features, event):
    """The best bid and ask (a, b) with their volumes (c, d)."""
    market = features.market
    see_delay(market, event)
    market.booked = 1
    market.bid = event.a
    market.ask = event.b
    market.booked_ns = event.received_ns
    market.open = event.a + (event.b - event.a) // 2
    # Nobody is known to buy above the bid or to sell below the ask.
    market.high = event.a
    market.low = event.b
    market.volume_e8 = min(event.c, event.d)
    market.opened_ns = event.received_ns
    market.received_ns = event.received_ns
    market.last = market.open


def close_bar(features, parameters, instrument):
    """Feed the finished builder to the indicators and empty it."""
    builder = features.builder
    bar = features.bar
    bar.high = builder.high * instrument.tick
    bar.low = builder.low * instrument.tick
    bar.close = builder.close * instrument.tick
    bar.volume = builder.volume_e8 * 1e-8
    bar.open_time_ns = builder.start_ns
    indicators_step(features.indicators, parameters, bar)
    builder.trades = 0


def take_bar(features, parameters, instrument, event):
    """A bar that came ready-made replaces whatever was being built."""
    builder = features.builder
    builder.high = event.b
    builder.low = event.c
    builder.close = event.d
    builder.volume_e8 = event.e
    builder.start_ns = believed(event)
    close_bar(features, parameters, instrument)


def bar_start_of(time_ns, bar_seconds):
    """The multiple of the bar length at or before a time."""
    length = max(bar_seconds, 1) * 1_000_000_000
    return time_ns - time_ns % length


def bar_has_ended(builder, bar_seconds, time_ns):
    """Whether a bar is being built whose end lies at or before a time."""
    return builder.trades > 0 and time_ns >= builder.start_ns + bar_seconds * 1_000_000_000


def add_trade(builder, bar_seconds, event):
    """Put one trade into the bar being built; a late trade counts in the bar that is open."""
    if builder.trades == 0:
        length_ns = bar_seconds * 1_000_000_000
        start_ns = bar_start_of(believed(event), bar_seconds)
        # A trade that comes late, after its bar was closed, counts in the next one.
        builder.start_ns = max(start_ns, builder.start_ns + length_ns)
        builder.open = event.a
        builder.high = event.a
        builder.low = event.a
        builder.volume_e8 = 0
    builder.high = max(builder.high, event.a)
    builder.low = min(builder.low, event.a)
    builder.close = event.a
    builder.volume_e8 = min(builder.volume_e8 + event.b, VOLUME_MAX)
    builder.trades += 1
