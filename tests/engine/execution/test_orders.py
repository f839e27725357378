"""Does every order follow the table, count each fill once and give back what it claimed?"""

import itertools

import pytest

from engine.core import PlainCore
from engine.execution.orders import (
    ACCEPT,
    ASK_CANCEL,
    CANCEL,
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
    UNKNOWN,
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
    decode,
)
from tests.builders import (
    submitted,
    with_facts,
)
from tests.random_records import Maker

STATUSES = range(FREE, FREE + 10)
TRIGGERS = range(9)
PAIRS = list(itertools.product(STATUSES, TRIGGERS))


@pytest.mark.parametrize(("status", "trigger"), PAIRS)
def test_every_pair_follows_the_table(status, trigger):
    """What the table names happens; what is absent is counted and changes nothing."""
    orders, order = fresh(ORDERS), fresh(ORDER)
    orders.open = 1 if is_open(status) else 0
    orders.unknown = 1 if status == UNKNOWN else 0
    order.status = status

    step(orders, order, trigger)

    following = NEXT_STATUS.get((status, trigger), ILLEGAL)
    assert next_status(status, trigger) == following
    assert orders.anomalies == (following == ILLEGAL)
    assert order.status == (status if following == ILLEGAL else following)
    assert orders.open == (1 if is_open(order.status) else 0)
    assert orders.unknown == (1 if order.status == UNKNOWN else 0)


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
