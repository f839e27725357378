"""What do the messages that come most often say? Read by the exact shape the exchange writes.

Best prices, trades and changes of the book are told in one shape for years, so that a pattern
reads them in a third to a half of what JSON takes. Whatever differs by a character is no such
shape: None, and JSON reads it.
"""

import re

NUMBER = rb'"(\d{1,10})\.(\d{8})"'  # always 8 decimals; beyond 10 digits is no amount
NUMERAL = rb"(0|[1-9]\d{0,17})"
TIME = rb"(?:[1-9]\d{0,17})"
# From 2011 to 2033 in ms, with three more digits in us.
MOMENT = rb"(1[3-9]\d{11})(\d{3})?"
# A combined stream wraps the message, and then it ends with one more brace.
WRAPPED = rb'(\{"stream":"[a-z0-9_]{2,20}@%s","data":)?\{%s\}(?(1)\})'
SYMBOL = rb'"s":"([A-Z0-9_]{2,20})"'

# Groups: wrapper, update, symbol, then whole and fraction of bid, its volume, ask, its volume.
ticker_in = re.compile(
    WRAPPED
    % (
        rb"bookTicker",
        rb'"u":%s,%s,"b":%s,"B":%s,"a":%s,"A":%s' % (NUMERAL, SYMBOL, *[NUMBER] * 4),
    )
).fullmatch
# Groups: wrapper, symbol, id, whole and fraction of price and volume, time, its us, true or false.
# A spot message ends with "M"; a futures one does not, and is read as JSON.
trade_in = re.compile(
    WRAPPED
    % (
        rb"trade",
        rb'"e":"trade","E":%s,%s,"t":%s,"p":%s,"q":%s,"T":%s,"m":(true|false),"M":(?:true|false)'
        % (TIME, SYMBOL, NUMERAL, NUMBER, NUMBER, MOMENT),
    )
).fullmatch

LEVEL = rb'\["\d{1,10}+\.\d{8}","\d{1,10}+\.\d{8}"\]'
LEVELS = rb"\[((?:%s(?:,%s)*+)?+)\]" % (LEVEL, LEVEL)
# Groups: wrapper, time, its us, symbol, first and last update, bids, asks. Spot's alone: futures
# tell the update before, too.
update_in = re.compile(
    WRAPPED
    % (
        rb"depth(?:@\d{2,4}ms)?",
        rb'"e":"depthUpdate","E":%s,%s,"U":%s,"u":%s,"b":%s,"a":%s'
        % (MOMENT, SYMBOL, NUMERAL, NUMERAL, LEVELS, LEVELS),
    )
).fullmatch


def levels_in(levels: bytes) -> list[tuple[int, int]]:
    """Prices and volumes of levels that have the shape, 1e-8."""
    if not levels:
        return []
    numbers = list(map(int, levels.translate(None, b'."[]').split(b",")))
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def moment_of(ms: bytes, us: bytes | None) -> int:
    """A time that has the shape, ns."""
    return int(ms) * 1_000_000 + int(us or 0) * 1_000
