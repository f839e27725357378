"""Does every order follow the table, count each fill once and give back what it claimed?"""

import itertools

import pytest

from engine.core import PlainCore
from engine.execution.orders import (
    ACCEPT,
    ASK_CANCEL,
    CANCEL,
    CANCELED,
    DRAFT,
    EXPIRE,
    FILL_PART,
    FILL_REST,
    FILLED,
    FREE,
    ILLEGAL,
    NEW,
    NEXT_STATUS,
    ORDER,
    ORDERS,
    ORDERS_MAX,
    PENDING_CANCEL,
    PENDING_NEW,
    REFUSE_CANCEL,
    REJECT,
    fill_order,
    is_open,
    next_id,
    next_status,
    open_order,
    place_of,
    step,
)
from engine.execution.portfolio import ACCOUNT, POSITION
from engine.layout import bytes_of, fresh
from engine.messages import (
    CancelRejected,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    decode,
)
from tests.builders import MINUTE, PRICE, QUICK, Run, canceled, flat_bar, submitted, with_facts
from tests.random_records import Maker

STATUSES = range(FREE, FREE + 9)
TRIGGERS = range(8)
PAIRS = list(itertools.product(STATUSES, TRIGGERS))
LIMITED = (*QUICK, "orders.entry=limit")


@pytest.mark.parametrize(("status", "trigger"), PAIRS)
def test_every_pair_follows_the_table(status, trigger):
    """What the table names happens; what is absent is counted and changes nothing."""
    orders, order = fresh(ORDERS), fresh(ORDER)
    orders.open = 1 if is_open(status) else 0
    order.status = status

    step(orders, order, trigger)

    following = NEXT_STATUS.get((status, trigger), ILLEGAL)
    assert next_status(status, trigger) == following
    assert orders.anomalies == (following == ILLEGAL)
    assert order.status == (status if following == ILLEGAL else following)
    assert orders.open == (1 if is_open(order.status) else 0)


def test_an_ended_order_never_opens_again():
    """Late reports may complete what they say of the past, and nothing more."""
    ended = [status for status in STATUSES if not is_open(status)]

    reached = {next_status(status, trigger) for status in ended for trigger in TRIGGERS}

    assert not any(is_open(status) for status in reached)


def test_the_table_knows_each_way_to_end():
    """From the moment it was sent, an order can be filled, canceled, rejected and expire."""
    ways = {FILL_REST, CANCEL, REJECT, EXPIRE}

    found = {trigger for (status, trigger), to in NEXT_STATUS.items() if not is_open(to)}

    assert ways <= found
    assert next_status(PENDING_NEW, ACCEPT) == NEW
    assert next_status(NEW, REFUSE_CANCEL) == ILLEGAL


def entered() -> tuple[Run, int]:
    """An engine whose entry of some lots rests at the venue, and the entry's id."""
    run = Run(*LIMITED)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.alone(OrderAccepted(0, run.now_ns, run.now_ns, entry.order_id))
    return run, entry.order_id


def test_a_fill_after_cancel_still_moves_the_position():
    """The venue has the last word: a fill counts even when our cancel was confirmed."""
    run, order_id = entered()
    run.canceled(order_id)

    run.fill(order_id, lots=5, fill_id=900)

    assert run.position.lots == 5
    assert run.state.orders.table[place_of(order_id)].status == CANCELED
    assert run.state.orders.anomalies == 0


def test_a_late_fill_may_complete_a_canceled_order():
    """All of it was traded before the cancel arrived."""
    run, order_id = entered()
    lots = run.state.orders.table[place_of(order_id)].lots
    run.canceled(order_id)

    run.fill(order_id, lots=lots, fill_id=900)

    assert run.position.lots == lots
    assert run.state.orders.table[place_of(order_id)].status == FILLED
    assert run.state.orders.open == 0


def test_a_fill_of_an_unknown_order_counts_and_is_an_anomaly():
    """Money moved, whatever our table says."""
    run, _ = entered()

    run.fill(4_711, lots=5, fill_id=900)

    assert run.position.lots == 5
    assert run.state.orders.anomalies == 1


def test_a_report_of_another_symbols_order_is_an_anomaly():
    """An id belongs to one symbol."""
    run, order_id = entered()

    run.alone(OrderExpired(1, run.now_ns, run.now_ns, order_id))

    assert run.state.orders.table[place_of(order_id)].status == NEW
    assert run.state.orders.anomalies == 1


def test_a_repeated_fill_counts_once():
    """A venue may say it twice: the id tells."""
    run, order_id = entered()

    for _ in range(3):
        run.fill(order_id, lots=5, fill_id=900)

    assert (run.position.lots, run.state.account.fills) == (5, 1)


def test_repeated_fills_are_known_among_64():
    """Of 64 consecutive fills each repeated one is recognised."""
    run, order_id = entered()
    ids = range(901, 901 + 64)

    for fill_id in [*ids, *ids]:
        run.fill(order_id, lots=1, fill_id=fill_id)

    assert (run.position.lots, run.state.account.fills) == (64, 64)


@pytest.mark.parametrize("kind", [OrderCanceled, OrderExpired])
def test_an_entry_that_ends_gives_its_cash_back(kind):
    """Nothing is reserved for what will not be bought any more."""
    run, order_id = entered()
    run.fill(order_id, lots=5, fill_id=900)
    assert run.state.account.reserved_e8 > 0

    run.alone(kind(0, run.now_ns, run.now_ns, order_id))

    assert run.state.account.reserved_e8 == 0
    assert run.position.entering_id == 0


def test_a_rejected_entry_gives_its_cash_back():
    """The venue refused it: the engine is free to ask again."""
    run = Run(*LIMITED)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    assert run.state.account.reserved_e8 > 0

    run.alone(OrderRejected(0, run.now_ns, run.now_ns, entry.order_id, 1))

    assert run.state.account.reserved_e8 == 0
    assert run.position.entering_id == 0


def test_a_rejected_cancel_leaves_the_order_working():
    """The order still rests, and its cash stays reserved."""
    run, order_id = entered()
    (asked,) = canceled(run.alone(flat_bar(run.now_ns + MINUTE, PRICE - 900)))
    order = run.state.orders.table[place_of(order_id)]
    assert (asked.order_id, order.status) == (order_id, PENDING_CANCEL)

    run.alone(CancelRejected(0, run.now_ns, run.now_ns, order_id))

    assert order.status == NEW
    assert run.state.account.reserved_e8 == order.claim > 0


def test_a_part_gives_back_its_part_of_the_claim():
    """Exactly the share that was filled, rounded down; the last part gives the rest."""
    orders, account, position = fresh(ORDERS), fresh(ACCOUNT), fresh(POSITION)
    draft = fresh(DRAFT)
    draft.lots, draft.claim = 7, 1_000
    open_order(orders, 1, draft, 0, 0)
    account.reserved_e8 = 1_000
    order = orders.table[place_of(1)]

    claims = []
    for lots in (2, 4, 1, 3):
        fill_order(orders, account, position, order, lots)
        claims.append((order.claim, account.reserved_e8, order.status))

    assert claims == [(715, 715, 3), (143, 143, 3), (0, 0, FILLED), (0, 0, FILLED)]
    assert orders.anomalies == 1  # the fourth fill came after the last


def test_64_orders_may_be_open_and_the_next_has_no_place():
    """The bound has a name, and beyond it there is no id."""
    orders, draft = fresh(ORDERS), fresh(DRAFT)
    for _ in range(ORDERS_MAX):
        open_order(orders, next_id(orders), draft, 0, 0)

    assert (orders.open, next_id(orders)) == (64, 0)
    step(orders, orders.table[place_of(7)], REJECT)
    assert next_id(orders) == 64 + 7


def test_no_id_is_given_twice():
    """Ids only grow, however orders come and go around them."""
    core = PlainCore()
    maker = Maker(5, 2, honest=True)
    caused = [one for record in maker.opening() for one in with_facts(core, record)]

    for _ in range(1_500):
        caused += with_facts(core, maker.record(core))

    ids = [order.order_id for order in submitted(decode(record) for record in caused)]
    assert len(ids) > 40
    assert ids == sorted(set(ids))


def test_the_first_expiry_is_remembered():
    """The resting entry that ends first decides when the table is looked through."""
    orders, draft = fresh(ORDERS), fresh(DRAFT)
    for expires_ns in (0, 50, 70, 30):
        draft.expires_ns = expires_ns
        open_order(orders, next_id(orders), draft, 0, 0)

    assert orders.due_ns == 30


def test_the_statuses_of_a_cancel_are_in_the_table():
    """We ask once; a pending cancel is not asked again."""
    assert next_status(NEW, ASK_CANCEL) == PENDING_CANCEL
    assert next_status(PENDING_CANCEL, ASK_CANCEL) == ILLEGAL
    assert next_status(PENDING_CANCEL, FILL_PART) == PENDING_CANCEL


def test_an_order_is_a_row_of_whole_numbers():
    """Its size is what the memory of 64 orders was reckoned with."""
    assert len(bytes_of(ORDER, fresh(ORDER))) == 8 * len(ORDER)
