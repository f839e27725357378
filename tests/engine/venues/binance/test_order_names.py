"""Do the names of orders lead back to them, from this life of the engine and from older ones?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.venues.asking import (
    ABSENT,
    ASK_ORDER,
    Seen,
)
from engine.venues.binance.naming import Names
from tests.engine.venues.binance.desk import (
    SECOND,
    START,
    Line,
    order_row,
    words,
)

MINUTE = START - START % (60 * SECOND)


@given(st.integers(1, 10**12), st.integers(1, 99_999))
def test_a_name_leads_back_to_its_order(order_id, epoch):
    """Of this life or an older one, by its own name or by its cancel's; in 36 characters."""
    names = Names("0badcafe", epoch, 1)
    name = names.name(order_id)

    assert names.order_of(name) == names.order_of(name + "c") == order_id
    assert len(name + "c") <= 36


@pytest.mark.parametrize(
    "name",
    [
        *("", "S0badcafe-7", "S0badcafe-7-", "S0badcafe--1", "S0badcafe-7-0", "S0badcafe-7-01"),
        *("Sfeedbeef-7-1", "S0badcafe-7-1x", "S0badcafe-7-1cc", "s0badcafe-7-1", "S0badcafe-7--1"),
        *("S0badcafe-7-\u0663", "S0badcafe-7-" + "9" * 30, "web_1", "S0badcafe-7-1-1"),
    ],
)
def test_other_names_are_not_ours(name):
    """Of another journal, of a person, or nearly like ours."""
    assert Names("0badcafe", 7, 1).order_of(name) == 0


def test_an_older_orders_epoch_is_learned_from_its_name():
    """Then it has one name, or two: its cancel may have taken its place."""
    names = Names("0badcafe", 7, 100)
    before = len(names.candidates(5, canceled=False))

    names.order_of("S0badcafe-3-5")

    assert before == 12
    assert names.candidates(5, canceled=False) == ["S0badcafe-3-5", "S0badcafe-3-5c"]
    assert names.candidates(100, canceled=False) == ["S0badcafe-7-100"]


def test_an_order_of_unknown_age_is_not_called_absent_after_too_many_lives():
    """Not every name it may have was asked for."""
    assert Names("0badcafe", 4_097, 100).is_certain(5)
    assert not Names("0badcafe", 4_098, 100).is_certain(5)


def test_a_search_through_many_lives_goes_on_where_it_stopped():
    """Five seconds are too short for fourteen names; the next question asks for the others."""
    line = Line(first_id=100)
    asked = []
    answers: list[Any] = []
    while not any(isinstance(answer, Seen) for answer in words(answers)):
        answers = line.ask(ASK_ORDER, 5)
        while not answers:
            sent = line.only("order.status")
            asked.append(sent["params"]["origClientOrderId"])
            line.now_ns += SECOND
            answers = line.refuse(sent, -2013, "Order does not exist.")

    assert words(answers) == [Seen(5, ABSENT)]
    assert len(asked) == len({*asked}) == 12


def test_a_stamp_that_is_none_is_refused():
    """Two lines for whoever assembles."""
    with pytest.raises(Refused):
        Names("no stamp", 1, 1)


def test_a_cancel_of_an_order_of_an_older_life_finds_its_name():
    """By one name after the other; which symbol it is of is known from the open orders."""
    line = Line(first_id=100)
    line.cancel(5)
    asked = []
    for _ in range(3):
        sent = line.only("order.cancel")
        asked.append(sent["params"]["origClientOrderId"])
        heard = line.refuse(sent, -2011, "Unknown order sent.")
    sent = line.only("order.cancel")
    name = "S0badcafe-5-5"
    told = {"origClientOrderId": name, "clientOrderId": name + "c"}
    heard = line.reply(sent, order_row(5, status="CANCELED", **told))

    assert asked == ["S0badcafe-6-5", "S0badcafe-6-5c", "S0badcafe-5-5"]
    assert [type(one) for one in words(heard)] == [Seen]
