"""Is a market doubted when it should be, and only then?"""

import pytest

from engine.market.doubts import Change, Doubts, Limits
from engine.market.failover import SECOND_NS, Patience, Standing
from engine.market.sources import BookSeen
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.timing import BUCKET_NS, Timing
from tests.engine.market.played import ETH

NOW_NS = 1_000 * SECOND_NS
SOURCE = Standing("one", Patience())


def doubts() -> Doubts:
    """Of one symbol, heard just now over 10 ms."""
    feed = SymbolFeed(3, ETH, Refusals())
    feed.top_ns = NOW_NS
    timing = Timing()
    timing.note(NOW_NS - 10_000_000, NOW_NS)
    return Doubts({"ETHUSDT": feed}, timing, Limits())


def reason(one: Doubts, book: BookSeen | None = None, now_ns: int = NOW_NS) -> str:
    """Why it is doubted."""
    books = {"ETHUSDT": book} if book else {}
    return one.reasons(SOURCE, books, now_ns)["ETHUSDT"]


def test_a_market_that_speaks_is_believed():
    """As is one whose book is in step."""
    assert reason(doubts()) == ""
    assert reason(doubts(), BookSeen(True, 0, 0, 5)) == ""
    assert reason(doubts(), BookSeen(False, NOW_NS - SECOND_NS, 1, 5)) == ""


def test_why_a_market_is_doubted():
    """No source, silence, a book out of step for long."""
    one = doubts()

    assert one.reasons(None, {}, NOW_NS) == {"ETHUSDT": "no source speaks"}
    assert reason(one, now_ns=NOW_NS + 31 * SECOND_NS) == "quiet"
    assert reason(one, BookSeen(False, NOW_NS - 3 * SECOND_NS, 1, 5)) == "book out of step"


@pytest.mark.parametrize("apart_s", [-5, 5])
def test_clocks_far_apart(apart_s):
    """Ours behind or ahead: orders would be refused. A second or so is usual."""
    one = doubts()
    one.timing = Timing()
    one.timing.note(NOW_NS - apart_s * SECOND_NS // 4, NOW_NS)
    assert reason(one) == ""

    one.timing = Timing()
    one.timing.note(NOW_NS - apart_s * SECOND_NS, NOW_NS)

    assert reason(one) == "clocks far apart"


def test_a_line_that_lags_behind():
    """Messages that take longer and longer, whatever the clocks say; a minute later it is usual."""
    one = doubts()

    one.timing.note(NOW_NS - 3 * SECOND_NS, NOW_NS + 1)
    assert (reason(one), one.timing.late_ns) == ("messages late", 2_990_000_001)
    one.timing.note(NOW_NS, NOW_NS + 11_000_000)
    assert reason(one) == ""
    for bucket in range(1, 8):
        at_ns = NOW_NS + bucket * BUCKET_NS
        one.timing.note(at_ns - 3 * SECOND_NS, at_ns)
    assert (one.timing.apart_ns, one.timing.late_ns) == (3 * SECOND_NS, 0)


def test_changes_are_told_once():
    """When a doubt begins, when it is another one, when it ends."""
    one = doubts()

    assert one.changes(SOURCE, {}, NOW_NS) == []
    assert one.changes(None, {}, NOW_NS + 1) == [
        Change(3, "ETHUSDT", NOW_NS + 1, "no source speaks")
    ]
    assert one.changes(None, {}, NOW_NS + 2) == []
    assert one.changes(SOURCE, {}, NOW_NS + 3) == [Change(3, "ETHUSDT", NOW_NS + 3, "")]
    assert one.due_ns(NOW_NS + 3) == NOW_NS + 3 + SECOND_NS
