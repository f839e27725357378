"""What can be said: every event, command and fact, as named values and as one 64-byte record.

A record is check u32 | kind u8 | flags u8 | symbol u16 | time_ns, received_ns, a b c d e i64.
`time_ns` is the source's own time (data), `received_ns` ours (the clock). Prices are ticks, order
quantities lots, market volumes and money 1e-8. The check is written by the journal, 0 elsewhere.
"""

import struct
from typing import Any, NamedTuple

from engine.layout import Block, I, block

RECORD: Block = block(
    check="u4",
    kind="u1",
    flags="u1",
    symbol="u2",
    time_ns=I,
    received_ns=I,
    a=I,
    b=I,
    c=I,
    d=I,
    e=I,
)
RECORD_SIZE = 64
PACKED = struct.Struct("<IBBHqqqqqqq")
FIVE = struct.Struct("<5q")

# Kinds below TEXT reach the core; a Text belongs to the record that follows it.
BAR_CLOSED, TRADE_TICK, BOOK_TOP = 1, 2, 3
HEARTBEAT = 8
ENGINE_STARTED, INSTRUMENT_DEFINED, INSTRUMENT_LIMITED, PARAMETER_CHANGED, CASH_DEPOSITED = (
    16,
    17,
    18,
    19,
    20,
)
CODE_CHANGED, FEE_BALANCE_CHANGED, CONTEXT_UPDATED = 21, 22, 23
OPERATOR_RESET, OPERATOR_PAUSED, OPERATOR_RESUMED, OPERATOR_FLATTENED, OPERATOR_KILLED = (
    24,
    25,
    26,
    27,
    28,
)
MARKET_DOUBTED = 29
ORDER_ACCEPTED, ORDER_REJECTED, ORDER_FILLED, ORDER_CANCELED, ORDER_EXPIRED, CANCEL_REJECTED = (
    32,
    33,
    34,
    35,
    36,
    37,
)
ORDER_UNKNOWN, POSITION_CORRECTED, HELD_ASIDE, ACCOUNT_NAMED = 38, 39, 40, 41
BREAKER_CHANGED, ORDER_DENIED, FLATTEN_ENDED = 48, 49, 50
SUBMIT_ORDER, CANCEL_ORDER = 64, 65
TEXT = 128

BUY, SELL = 0, 1  # flags, bit 0 of an order or a fill
MARKET, LIMIT, STOP = 0, 1, 2  # flags, bits 1-2 of an order
MAKER = 8  # flags of a fill: it rested in the book
FEE_STEP = 16  # flags of a fill, bits 4-5: what its fee was taken from
IN_QUOTE, IN_BASE, IN_OTHER = 0, 1, 2
OUTSIDE = 1  # flags of an instrument: its venue is outside, so that what it reports is an event
NEVER_ARRIVED = 2  # reason of a rejection: asked long enough after, the venue knows no such order
# Why a market is not believed, by number; the last stands for a reason that has none.
DOUBTS = (
    *("", "no source speaks", "quiet", "clocks far apart", "messages late", "book out of step"),
    *("rules changed: a restart takes them over", "for another reason"),
)
PAST = 1  # flags of a bar: it closed before anybody listened, and nothing is decided as if then
BUYER_IS_MAKER = 1  # flags of a trade: the taker sold


class BarClosed(NamedTuple):
    """A finished bar from `time_ns` to `received_ns`; ticks, volume in 1e-8 of base."""

    symbol: int
    time_ns: int
    received_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    flags: int = 0


class TradeTick(NamedTuple):
    """One trade of others; price in ticks, volume in 1e-8 of base."""

    symbol: int
    time_ns: int
    received_ns: int
    price: int
    volume: int
    trade_id: int
    flags: int = 0


class BookTop(NamedTuple):
    """Best bid and ask of the book; ticks, volumes in 1e-8 of base."""

    symbol: int
    time_ns: int
    received_ns: int
    bid: int
    ask: int
    bid_volume: int
    ask_volume: int
    flags: int = 0


class Heartbeat(NamedTuple):
    """Time has passed and nothing else was said; `number` counts from 1."""

    symbol: int
    time_ns: int
    received_ns: int
    number: int
    flags: int = 0


class EngineStarted(NamedTuple):
    """A new life of the engine; its epoch stands in every order id. Never moves the state."""

    symbol: int
    time_ns: int
    received_ns: int
    epoch: int
    pid: int
    flags: int = 0


class InstrumentDefined(NamedTuple):
    """What may be traded: tick and lot in 1e-8, quantities in lots, notional in 1e-8 quote."""

    symbol: int
    time_ns: int
    received_ns: int
    tick_e8: int
    lot_e8: int
    lots_min: int
    lots_max: int
    notional_min_e8: int
    flags: int = 0


class InstrumentLimited(NamedTuple):
    """More of an instrument's filters: price bounds in ticks, the largest market order in lots.

    Orders stand on multiples of `price_step` ticks and `lot_step` lots; 0, as nothing, means 1.
    """

    symbol: int
    time_ns: int
    received_ns: int
    price_min: int
    price_max: int
    market_lots_max: int
    price_step: int
    lot_step: int
    flags: int = 0


class ParameterChanged(NamedTuple):
    """Profile key `number` becomes mantissa * 2**exponent; its name and operator travel as Text."""

    symbol: int
    time_ns: int
    received_ns: int
    number: int
    mantissa: int
    exponent: int
    flags: int = 0


class CashDeposited(NamedTuple):
    """Quote currency enters (or, negative, leaves) the account; 1e-8 of quote."""

    symbol: int
    time_ns: int
    received_ns: int
    amount_e8: int
    flags: int = 0


class FeeBalanceChanged(NamedTuple):
    """Of the one other asset that pays fees so much more (or less) is held; 1e-8 of it.

    `asset` is its name as `asset_of` packs it.
    """

    symbol: int
    time_ns: int
    received_ns: int
    asset: int
    amount_e8: int
    flags: int = 0


class ContextUpdated(NamedTuple):
    """Context value `number` as its source told it as of `time_ns`, in 1e-8 of its unit."""

    symbol: int
    time_ns: int
    received_ns: int
    number: int
    value_e8: int
    flags: int = 0


class CodeChanged(NamedTuple):
    """Other code decides from here on; the first 7 bytes of both code digests. Moves no state."""

    symbol: int
    time_ns: int
    received_ns: int
    before: int
    now: int
    flags: int = 0


class OperatorReset(NamedTuple):
    """An operator ends a halt; who and why travel as Text."""

    symbol: int
    time_ns: int
    received_ns: int
    flags: int = 0


class OperatorPaused(NamedTuple):
    """An operator wants no new entries; who and why travel as Text."""

    symbol: int
    time_ns: int
    received_ns: int
    flags: int = 0


class OperatorResumed(NamedTuple):
    """An operator ends a pause; who and why travel as Text."""

    symbol: int
    time_ns: int
    received_ns: int
    flags: int = 0


class OperatorFlattened(NamedTuple):
    """An operator wants everything closed, and no new entries; who and why travel as Text."""

    symbol: int
    time_ns: int
    received_ns: int
    flags: int = 0


class OperatorKilled(NamedTuple):
    """An operator wants everything closed and a halt until reset; who and why travel as Text."""

    symbol: int
    time_ns: int
    received_ns: int
    flags: int = 0


class OrderAccepted(NamedTuple):
    """The venue took the order."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    flags: int = 0


class OrderRejected(NamedTuple):
    """The venue refused the order."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    reason: int
    flags: int = 0


class OrderFilled(NamedTuple):
    """A part or all of an order traded; fill_id is unique for the order.

    The fee is in 1e-8 of quote, or of what bits 4-5 of the flags say (IN_BASE, IN_OTHER).
    """

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    price: int
    lots: int
    fee_e8: int
    fill_id: int
    flags: int = 0


class OrderCanceled(NamedTuple):
    """The venue confirmed our cancel."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    flags: int = 0


class OrderExpired(NamedTuple):
    """The venue ended the order by its own rules."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    flags: int = 0


class CancelRejected(NamedTuple):
    """There was nothing left to cancel."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    flags: int = 0


class OrderUnknown(NamedTuple):
    """Nobody answered for the order: it may be open, filled or nowhere until the venue is asked."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    flags: int = 0


class PositionCorrected(NamedTuple):
    """The venue holds so much more (or, negative, less) than we do, and no fill says why.

    Lots, and beside them what is no whole lot, in 1e-8 of base.
    """

    symbol: int
    time_ns: int
    received_ns: int
    lots: int
    dust_e8: int
    flags: int = 0


class HeldAside(NamedTuple):
    """So much more (or, negative, less) of what lies at the venue is not the engine's to trade.

    Of the symbol's base and of the quote currency, in 1e-8.
    """

    symbol: int
    time_ns: int
    received_ns: int
    base_e8: int
    quote_e8: int
    flags: int = 0


class AccountNamed(NamedTuple):
    """The venue's own number of the account that is traded on, the same by whatever key."""

    symbol: int
    time_ns: int
    received_ns: int
    uid: int
    flags: int = 0


class MarketDoubted(NamedTuple):
    """From now on the symbol's market is not to be believed (`doubt`, see DOUBTS), or is again: 0.

    Nothing is bought meanwhile.
    """

    symbol: int
    time_ns: int
    received_ns: int
    doubt: int
    flags: int = 0


class BreakerChanged(NamedTuple):
    """The drawdown breaker moved to `level` (0..3) at `drawdown_ppm`."""

    symbol: int
    time_ns: int
    received_ns: int
    level: int
    drawdown_ppm: int
    flags: int = 0


class OrderDenied(NamedTuple):
    """Our own risk gate refused an order the strategy wanted; price in ticks."""

    symbol: int
    time_ns: int
    received_ns: int
    reason: int
    lots: int
    price: int
    agent_and_cause: int
    confidence_ppm: int
    flags: int = 0


class FlattenEnded(NamedTuple):
    """Nothing that can be sold is left; `symbols` hold a remainder below the venue's minimum."""

    symbol: int
    time_ns: int
    received_ns: int
    symbols: int
    value_e8: int
    flags: int = 0


class SubmitOrder(NamedTuple):
    """Ask the venue for an order; `price` is the limit or the trigger, 0 for a market order."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    lots: int
    price: int
    agent_and_cause: int
    confidence_ppm: int
    flags: int = 0


class CancelOrder(NamedTuple):
    """Ask the venue to end an order."""

    symbol: int
    time_ns: int
    received_ns: int
    order_id: int
    cause: int
    flags: int = 0


class Text(NamedTuple):
    """Up to 40 bytes of UTF-8 for the record that follows; `flags` says what the text is."""

    symbol: int
    time_ns: int
    received_ns: int
    a: int
    b: int
    c: int
    d: int
    e: int
    flags: int = 0


SYMBOL_NAME, OPERATOR, REASON, PARAMETER_NAME, LABEL = 1, 2, 3, 4, 5  # flags of a Text

KINDS: dict[type[Any], int] = {
    BarClosed: BAR_CLOSED,
    TradeTick: TRADE_TICK,
    BookTop: BOOK_TOP,
    Heartbeat: HEARTBEAT,
    EngineStarted: ENGINE_STARTED,
    InstrumentDefined: INSTRUMENT_DEFINED,
    InstrumentLimited: INSTRUMENT_LIMITED,
    ParameterChanged: PARAMETER_CHANGED,
    CashDeposited: CASH_DEPOSITED,
    CodeChanged: CODE_CHANGED,
    FeeBalanceChanged: FEE_BALANCE_CHANGED,
    ContextUpdated: CONTEXT_UPDATED,
    MarketDoubted: MARKET_DOUBTED,
    OperatorReset: OPERATOR_RESET,
    OperatorPaused: OPERATOR_PAUSED,
    OperatorResumed: OPERATOR_RESUMED,
    OperatorFlattened: OPERATOR_FLATTENED,
    OperatorKilled: OPERATOR_KILLED,
    OrderAccepted: ORDER_ACCEPTED,
    OrderRejected: ORDER_REJECTED,
    OrderFilled: ORDER_FILLED,
    OrderCanceled: ORDER_CANCELED,
    OrderExpired: ORDER_EXPIRED,
    CancelRejected: CANCEL_REJECTED,
    OrderUnknown: ORDER_UNKNOWN,
    PositionCorrected: POSITION_CORRECTED,
    HeldAside: HELD_ASIDE,
    AccountNamed: ACCOUNT_NAMED,
    BreakerChanged: BREAKER_CHANGED,
    OrderDenied: ORDER_DENIED,
    FlattenEnded: FLATTEN_ENDED,
    SubmitOrder: SUBMIT_ORDER,
    CancelOrder: CANCEL_ORDER,
    Text: TEXT,
}
CLASSES = {kind: cls for cls, kind in KINDS.items()}


def encode(message: Any) -> bytes:
    """The message as its 64-byte record, check still 0."""
    symbol, time_ns, received_ns, *rest, flags = message
    five = rest + [0] * (5 - len(rest))
    return PACKED.pack(0, KINDS[type(message)], flags, symbol, time_ns, received_ns, *five)


def decode(record: bytes) -> Any:
    """The message of a 64-byte record; ValueError for an unknown kind."""
    _, kind, flags, symbol, time_ns, received_ns, *five = PACKED.unpack(record)
    cls = CLASSES.get(kind)
    if cls is None:
        raise ValueError(f"unknown record kind {kind}")
    return cls(symbol, time_ns, received_ns, *five[: len(cls._fields) - 4], flags)


def split(records: bytes) -> list[bytes]:
    """A run of records, one by one."""
    return [records[at : at + RECORD_SIZE] for at in range(0, len(records), RECORD_SIZE)]


def asset_of(name: str) -> int:
    """An asset's name of up to 7 ASCII letters or digits as a number; ValueError for another."""
    raw = name.encode("ascii")
    if not name.isalnum() or len(raw) > 7:
        raise ValueError(f"{name[:20]!r} is no asset's name")
    return int.from_bytes(raw, "little")


def asset_name(asset: int) -> str:
    """The name that a number stands for; a question mark where none was told."""
    raw = asset.to_bytes(8, "little", signed=True).rstrip(b"\0")
    return raw.decode("ascii") if raw.isalnum() else "?"


def uid_shown(uid: int) -> str:
    """As much of an account's number as is shown: enough to tell two apart."""
    return f"...{uid % 10_000:04}"


def texts_of(text: str, flags: int, symbol: int = 0, received_ns: int = 0) -> list[bytes]:
    """The text as as many continuation records as it needs, at most 256 bytes of it."""
    raw = text.encode(errors="replace")[:256].decode(errors="ignore").encode()
    parts = [raw[at : at + 40] for at in range(0, len(raw), 40)] or [b""]
    return [
        PACKED.pack(
            0, TEXT, flags, symbol, received_ns, received_ns, *FIVE.unpack(part.ljust(40, b"\0"))
        )
        for part in parts
    ]


def text_of(records: list[bytes]) -> str:
    """The text that a run of continuation records carries."""
    return b"".join(record[24:64] for record in records).rstrip(b"\0").decode()
