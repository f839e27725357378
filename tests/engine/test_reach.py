"""Is an operator told what was lost at an exchange, and that it is back, and nothing else?"""

import pytest

from engine.errors import Refused
from engine.market.doubts import Change
from engine.reach import LASTS_NS, Reach, refuse_wrong_keys

S = 1_000_000_000


def doubted(why: str, at_s: int) -> Change:
    """A change of one symbol."""
    return Change(0, "ETHUSDT", at_s * S, why)


def test_the_first_connection_is_no_news():
    """A start connects, as it should."""
    reach = Reach(0)

    assert reach.look(is_up=False, now_ns=S) == []
    assert reach.look(is_up=True, now_ns=2 * S) == []
    assert (reach.is_up, reach.since_ns) == (True, 2 * S)


def test_a_loss_is_told_once_and_its_end_too():
    """With how long it was away."""
    reach = Reach(0)
    reach.look(is_up=True, now_ns=S)

    (lost,) = reach.look(is_up=False, now_ns=10 * S)
    assert reach.look(is_up=False, now_ns=11 * S) == []
    (back,) = reach.look(is_up=True, now_ns=40 * S)

    assert (lost.level, lost.event) == ("warning", "AccountLost")
    assert (back.level, back.event, back.fields) == ("info", "AccountBack", {"away_s": 30.0})


def test_a_doubt_that_is_over_at_once_is_told_to_nobody():
    """Before the first message nobody speaks, at every start."""
    reach = Reach(0)

    assert reach.heed([doubted("no source speaks", 1)], S) == []
    assert reach.heed([doubted("", 2)], 2 * S) == []
    assert reach.heed([], 60 * S) == []


def test_a_doubt_that_lasts_is_told_once_and_its_end_too():
    """And why it is doubted."""
    reach = Reach(0)
    reach.heed([doubted("quiet", 1)], S)

    (said,) = reach.heed([], S + LASTS_NS)
    assert reach.heed([], 60 * S) == []
    (over,) = reach.heed([doubted("", 61)], 61 * S)

    assert (said.level, said.event, said.fields["reason"]) == ("warning", "MarketDoubted", "quiet")
    assert (over.level, over.event) == ("info", "MarketBelieved")


@pytest.mark.parametrize("code", ["-1022", "-2008", "-2014", "-2015"])
def test_keys_that_are_none_end_the_start(code):
    """An engine that cannot hear its account must not look as if it traded."""
    with pytest.raises(Refused) as refused:
        refuse_wrong_keys(f"{code} no")

    assert refused.value.code == 4


def test_other_trouble_is_lived_through():
    """It passes; wrong keys do not."""
    told = ["", "-1003 Too many requests", "-1021 Timestamp", "-2015 no", "-1000 ?"]

    assert [trouble for trouble in told if ends_the_start(trouble)] == ["-2015 no"]


def ends_the_start(trouble: str) -> bool:
    """Whether it does."""
    try:
        refuse_wrong_keys(trouble)
    except Refused:
        return True
    return False
