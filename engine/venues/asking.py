"""What can be asked of a venue outside, and what can it answer?"""

from collections.abc import Sequence
from typing import NamedTuple

SUBMIT, CANCEL, ASK_ORDER, ASK_FILLS, ASK_HOLDING = range(5)
OPEN, FILLED, CANCELED, EXPIRED, REJECTED, ABSENT = range(6)


SOLD_BEFORE = 3  # reason of a rejection: not sent, for the stop it was to replace lives or sold


class Terms(NamedTuple):
    """How patient we are; all in ns."""

    answer_ns: int = 5_000_000_000  # a request without an answer for so long has none
    settle_ns: int = (
        12_000_000_000  # after it the venue takes no request any more that was on its way
    )
    ask_ns: int = 100_000_000  # before the first question, doubled with each
    ask_max_ns: int = 30_000_000_000
    doubt_max_ns: int = 3_000_000_000  # the same while an order may or may not be there
    absent_times: int = 3  # "no such order", so often after settling, and it never arrived
    lost_ns: int = 600_000_000_000  # "no such order" of one that stood for so long, and it is gone
    reconcile_ns: int = 60_000_000_000
    differ_ns: int = 1_000_000_000  # between two looks at what differs, or is not there
    differ_times: int = 3  # the same difference so often, and it is taken over


class Request(NamedTuple):
    """One thing to ask; `record` is the command for SUBMIT."""

    number: int
    verb: int
    order_id: int = 0
    symbol: int = 0
    record: bytes = b""


class Seen(NamedTuple):
    """The venue's word on an order: its status, and how many lots of it have traded so far."""

    order_id: int
    status: int
    filled: int = 0
    reason: int = 0


class Trade(NamedTuple):
    """A part of one of our orders that traded; price in ticks, fee in 1e-8 of its asset.

    `fee_in` is IN_QUOTE, IN_BASE or, of the account's one other asset that pays fees, IN_OTHER.
    """

    order_id: int
    symbol: int
    side: int
    price: int
    lots: int
    fee_e8: int
    fill_id: int
    maker: bool = False
    fee_in: int = 0


class Trades(NamedTuple):
    """Every trade of one order, as far as the venue knows."""

    order_id: int
    trades: tuple[Trade, ...]


class Held(NamedTuple):
    """What we say that we hold: cash, and a symbol whole lots and the rest in 1e-8 of base.

    Where an account is shared, what is not ours is held aside and part of none of these: `aside`
    has quote and then each symbol's base in 1e-8, `lot_e8` the symbols' lots.
    """

    cash_e8: int
    lots: Sequence[int]
    dust_e8: Sequence[int] = ()  # nothing where it is empty
    fee_asset_e8: int = 0
    aside_e8: Sequence[int] = ()  # empty: all that is there is ours
    lot_e8: Sequence[int] = ()
    uid: int = 0  # of the account, 0 until it was told


class Holding(NamedTuple):
    """What the venue holds for us: all cash in 1e-8, all lots a symbol, our open orders.

    What lies beside whole lots, in 1e-8 of base a symbol, and the other asset that pays fees, in
    its 1e-8: empty and None where the venue did not say.
    """

    cash_e8: int
    lots: tuple[int, ...]
    open_ids: tuple[int, ...]
    dust_e8: tuple[int, ...] = ()
    fee_asset_e8: int | None = None
    uid: int = 0  # of the account, 0 where the venue names none


class Refusal(NamedTuple):
    """A definite no: the request had no effect."""

    reason: int = 0


class Silence(NamedTuple):
    """No answer, or one that says nothing: the request may have had its effect or not."""


Answer = Seen | Trade | Trades | Holding | Refusal | Silence
