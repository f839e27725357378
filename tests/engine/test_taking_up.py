"""What does an engine that is back believe of the orders its last life left open?"""

import pytest

from engine.beginning import was_taken
from engine.execution.orders import (
    NEW,
    ORDER,
    PARTIALLY_FILLED,
    PENDING_CANCEL,
    PENDING_NEW,
    UNKNOWN,
)
from engine.layout import fresh


@pytest.mark.parametrize(
    ("status", "filled", "taken"),
    [
        (PENDING_NEW, 0, False),
        (UNKNOWN, 0, False),
        (NEW, 0, True),
        (PARTIALLY_FILLED, 3, True),
        (PENDING_CANCEL, 3, True),
        (PENDING_CANCEL, 0, False),
    ],
)
def test_an_order_is_at_the_venue_only_if_the_venue_said_so(status, filled, taken):
    """A cancel that was asked for says nothing: the order before it may never have arrived."""
    order = fresh(ORDER)
    order.status, order.filled = status, filled

    assert was_taken(order) is taken
