"""What became of each order? A literal table of states, and the claims open orders have."""

from typing import Any

from engine.instruments import share_of
from engine.layout import I, Parameter, block
from engine.messages import BUY

PARAMETERS = block(
    entry=Parameter(I, 0, 0, 1, "market|limit", "How positions are entered; exits are market."),
    limit_seconds=Parameter(I, 30, 1, 86_400, "s", "A resting entry is canceled after this time."),
)
FREE, PENDING_NEW, NEW, PARTIALLY_FILLED, PENDING_CANCEL, UNKNOWN = 0, 1, 2, 3, 4, 5
FILLED, CANCELED, REJECTED, EXPIRED = 6, 7, 8, 9
ACCEPT, FILL_PART, FILL_REST, ASK_CANCEL, CANCEL, REJECT, EXPIRE, REFUSE_CANCEL, DOUBT = range(9)

# What is absent is illegal.
NEXT_STATUS = {
    (PENDING_NEW, ACCEPT): NEW,
    (PENDING_NEW, FILL_PART): PARTIALLY_FILLED,  # a fill may overtake the acceptance
    (PENDING_NEW, FILL_REST): FILLED,
    (PENDING_NEW, ASK_CANCEL): PENDING_CANCEL,
    (PENDING_NEW, REJECT): REJECTED,
    (PENDING_NEW, EXPIRE): EXPIRED,
    (PENDING_NEW, DOUBT): UNKNOWN,
    (NEW, FILL_PART): PARTIALLY_FILLED,
    (NEW, FILL_REST): FILLED,
    (NEW, ASK_CANCEL): PENDING_CANCEL,
    (NEW, CANCEL): CANCELED,  # the venue may cancel on its own
    (NEW, EXPIRE): EXPIRED,
    (NEW, DOUBT): NEW,  # it was seen open: only how it ends is not known, as ever
    (PARTIALLY_FILLED, ACCEPT): PARTIALLY_FILLED,
    (PARTIALLY_FILLED, FILL_PART): PARTIALLY_FILLED,
    (PARTIALLY_FILLED, FILL_REST): FILLED,
    (PARTIALLY_FILLED, ASK_CANCEL): PENDING_CANCEL,
    (PARTIALLY_FILLED, CANCEL): CANCELED,
    (PARTIALLY_FILLED, EXPIRE): EXPIRED,
    (PARTIALLY_FILLED, DOUBT): PARTIALLY_FILLED,
    (PENDING_CANCEL, ACCEPT): PENDING_CANCEL,
    (PENDING_CANCEL, FILL_PART): PENDING_CANCEL,
    (PENDING_CANCEL, FILL_REST): FILLED,
    (PENDING_CANCEL, CANCEL): CANCELED,
    (PENDING_CANCEL, REJECT): REJECTED,
    (PENDING_CANCEL, EXPIRE): EXPIRED,
    (PENDING_CANCEL, REFUSE_CANCEL): NEW,
    (PENDING_CANCEL, DOUBT): PENDING_CANCEL,
    # Never sent again and not canceled: only the venue's own word moves it.
    (UNKNOWN, ACCEPT): NEW,
    (UNKNOWN, FILL_PART): PARTIALLY_FILLED,
    (UNKNOWN, FILL_REST): FILLED,
    (UNKNOWN, CANCEL): CANCELED,
    (UNKNOWN, REJECT): REJECTED,
    (UNKNOWN, EXPIRE): EXPIRED,
    (UNKNOWN, DOUBT): UNKNOWN,
    (FILLED, ACCEPT): FILLED,
    (FILLED, EXPIRE): FILLED,  # its end is told where its trades may have told less
    (FILLED, DOUBT): FILLED,  # the answer that nobody waited for came by another way
    (FILLED, REFUSE_CANCEL): FILLED,  # it was filled before our cancel arrived
    (CANCELED, FILL_PART): CANCELED,  # venues race: a fill may overtake our cancel
    (CANCELED, FILL_REST): FILLED,
    (CANCELED, REFUSE_CANCEL): CANCELED,
    (CANCELED, DOUBT): CANCELED,
    (REJECTED, REFUSE_CANCEL): REJECTED,
    (REJECTED, DOUBT): REJECTED,
    (REJECTED, FILL_PART): REJECTED,  # said to be unknown there, and yet it was
    (REJECTED, FILL_REST): FILLED,
    (EXPIRED, FILL_PART): EXPIRED,
    (EXPIRED, FILL_REST): FILLED,
    (EXPIRED, REFUSE_CANCEL): EXPIRED,
    (EXPIRED, DOUBT): EXPIRED,
}
ILLEGAL = -1
next_status: Any = None  # (status, trigger) -> following status, made below


def _table_source() -> str:
    """The table as a function, one line a row: compiled code has no dictionaries."""
    rows = [
        f"    if status == {status} and trigger == {trigger}:\n        return {following}"
        for (status, trigger), following in NEXT_STATUS.items()
    ]
    return "\n".join(["def next_status(status, trigger):", *rows, f"    return {ILLEGAL}"])


exec(compile(_table_source(), "<order table>", "exec"), globals())

# Orders known at once; an entry that finds no free place is denied.
ORDERS_MAX = 64
ORDER = block(
    id=I,
    symbol=I,
    side=I,
    type=I,
    status=I,
    lots=I,
    filled=I,
    price=I,  # limit or trigger, 0 for a market order
    claim=I,  # still promised: 1e-8 quote of a buy, lots of a sell
    submitted_ns=I,
    asked=I,  # agent * 256 + cause of the decision behind it
    expires_ns=I,  # 0 never
)
ORDERS = block(
    last_id=I,
    open=I,
    unknown=I,  # of the open ones: nobody knows what became of them
    submitted=I,
    anomalies=I,  # reports that fit no order or no state
    due_ns=I,  # earliest expiry of a resting entry, 0 for none
    table=(ORDER, ORDERS_MAX),
)
DRAFT = block(side=I, type=I, lots=I, price=I, freed_lots=I, claim=I, expires_ns=I)


def is_open(status):
    """Whether the venue may still fill it."""
    return PENDING_NEW <= status <= UNKNOWN


def place_of(order_id):
    """Where an order lies: ids are given so that each finds its place by itself."""
    return order_id % ORDERS_MAX


def next_id(orders):
    """The next id whose place is not taken by an open order; 0 when all are."""
    candidate = orders.last_id + 1
    for _ in range(ORDERS_MAX):
        if not is_open(orders.table[place_of(candidate)].status):
            return candidate
        candidate += 1
    return 0


def open_order(orders, order_id, draft, number, now_ns):
    """Enter an approved order into the table, still unknown to the venue."""
    order = orders.table[place_of(order_id)]
    order.id = order_id
    order.symbol = number
    order.side = draft.side
    order.type = draft.type
    order.status = PENDING_NEW
    order.lots = draft.lots
    order.filled = 0
    order.price = draft.price
    order.claim = draft.claim
    order.submitted_ns = now_ns
    order.expires_ns = draft.expires_ns
    orders.last_id = order_id
    orders.open += 1
    orders.submitted += 1
    if draft.expires_ns > 0 and (orders.due_ns == 0 or draft.expires_ns < orders.due_ns):
        orders.due_ns = draft.expires_ns


def step(orders, order, trigger):
    """Move an order by the table; an illegal trigger is counted and changes nothing."""
    following = next_status(order.status, trigger)
    if following == ILLEGAL:
        orders.anomalies += 1
        return
    if is_open(order.status) and not is_open(following):
        orders.open -= 1
    if following == UNKNOWN and order.status != UNKNOWN:
        orders.unknown += 1
    elif following != UNKNOWN and order.status == UNKNOWN:
        orders.unknown -= 1
    order.status = following


def release(account, position, order, amount):
    """Give back a part of what an open order has claimed."""
    order.claim -= amount
    if order.side == BUY:
        account.reserved_e8 -= amount
    else:
        position.claimed_lots -= amount


def fill_order(orders, account, position, order, lots):
    """Count a fill on its order and give back the claim it used."""
    remaining = order.lots - order.filled
    release(account, position, order, share_of(order.claim, min(lots, remaining), remaining))
    order.filled += lots
    step(orders, order, FILL_REST if order.filled >= order.lots else FILL_PART)


def is_in_doubt(orders, order_id):
    """Whether this order was sent and nobody knows what became of it."""
    return order_id > 0 and orders.table[place_of(order_id)].status == UNKNOWN


def is_known(orders, order_id, number):
    """Whether the table still holds this order, for this symbol."""
    order = orders.table[place_of(order_id)]
    return order_id > 0 and order.id == order_id and order.symbol == number
