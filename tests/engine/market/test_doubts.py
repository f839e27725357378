"""Is a market doubted when it should be, and only then?"""

import pytest

from engine.market.doubts import Change, Doubts, Limits
from engine.market.failover import SECOND_NS
from engine.market.sources import BookSeen
from engine.market.timing import BUCKET_NS, Timing
from tests.engine.market.played import opened_market

NOW_NS = 1_000 * SECOND_NS


class Told:
    """A real source of one symbol, heard just now over 10 ms, and what is doubted of it."""

    def __init__(self, book: BookSeen | None = None) -> None:
        self.source = opened_market().sources[1]
        self.source.feeds["ETHUSDT"].top_ns = NOW_NS
        if book:
            self.source.books = lambda: {"ETHUSDT": book}  # type: ignore[method-assign]
        self.timing = Timing()
        self.timing.note(NOW_NS - 10_000_000, NOW_NS)
        self.doubts = Doubts(["ETHUSDT"], self.timing, Limits())

    def reason(self, now_ns: int = NOW_NS) -> str:
        """Why it is doubted."""
        return self.doubts.reasons(self.source, now_ns)["ETHUSDT"]


def test_a_market_that_speaks_is_believed():
    """As is one whose book is in step, or fell out of it a moment ago."""
    assert Told().reason() == ""
    assert Told(BookSeen(True, 0, 0, 5)).reason() == ""
    assert Told(BookSeen(False, NOW_NS - SECOND_NS, 1, 5)).reason() == ""


def test_why_a_market_is_doubted():
    """No source, silence, a book out of step for long."""
    one = Told()

    assert one.doubts.reasons(None, NOW_NS) == {"ETHUSDT": "no source speaks"}
    assert one.reason(NOW_NS + 31 * SECOND_NS) == "quiet"
    assert Told(BookSeen(False, NOW_NS - 3 * SECOND_NS, 1, 5)).reason() == "book out of step"


@pytest.mark.parametrize("apart_s", [-5, 5])
def test_clocks_far_apart(apart_s):
    """Ours behind or ahead: orders would be refused. A second or so is usual."""
    one = Told()
    one.timing.note(NOW_NS - apart_s * SECOND_NS // 4, NOW_NS)
    one.timing.least.popleft() if apart_s > 0 else None
    one.timing.note(NOW_NS - apart_s * SECOND_NS // 4, NOW_NS)
    assert one.reason() == ""

    one.timing.least.clear()
    one.timing.note(NOW_NS - apart_s * SECOND_NS, NOW_NS)

    assert one.reason() == "clocks far apart"


def test_a_line_that_lags_behind():
    """Messages that take longer and longer, whatever the clocks say; a minute later it is usual."""
    one = Told()

    one.timing.note(NOW_NS - 3 * SECOND_NS, NOW_NS + 1)
    assert (one.reason(), one.timing.late_ns) == ("messages late", 2_990_000_001)
    one.timing.note(NOW_NS, NOW_NS + 11_000_000)
    assert one.reason() == ""
    for bucket in range(1, 8):
        at_ns = NOW_NS + bucket * BUCKET_NS
        one.timing.note(at_ns - 3 * SECOND_NS, at_ns)
    assert (one.timing.apart_ns, one.timing.late_ns) == (3 * SECOND_NS, 0)


def test_changes_are_told_once():
    """When a doubt begins, when it is another one, when it ends."""
    one = Told()
    changes = one.doubts.changes

    assert changes(one.source, NOW_NS) == []
    assert changes(None, NOW_NS + 1) == [Change(0, "ETHUSDT", NOW_NS + 1, "no source speaks")]
    assert changes(None, NOW_NS + 2) == []
    assert changes(one.source, NOW_NS + 3) == [Change(0, "ETHUSDT", NOW_NS + 3, "")]
    assert one.doubts.due_ns(NOW_NS + 3) == NOW_NS + 3 + SECOND_NS
