"""Is nothing bought in a market that whoever hears it does not believe?"""

from typing import Any

import pytest

from engine.core import PlainCore
from engine.messages import (
    DOUBTS,
    OUTSIDE,
    CancelOrder,
    CancelRejected,
    MarketDoubted,
    OperatorFlattened,
    OrderAccepted,
    OrderUnknown,
)
from engine.picture import picture
from engine.risk.gate import REASONS
from engine.strategy.agents.registry import CAUSES
from tests.builders import ALL_IN, PRICE, QUICK, Run, canceled, denials, submitted

DOUBTED = next(number for number, words in REASONS.items() if words == "market doubted")
LATE = DOUBTS.index("messages late")


def doubted(run: Run, doubt: int = LATE, symbol: int = 0) -> list[Any]:
    """The market's hearer has a doubt, or (0) none any more; what it causes."""
    return run.alone(MarketDoubted(symbol, run.now_ns, run.now_ns, doubt))


def entering() -> tuple[Run, list[Any]]:
    """An agent wants in while the market is doubted."""
    run = Run(*QUICK)
    run.warm_up()
    doubted(run)
    return run, run.bar(PRICE + 100)


def test_an_entry_is_denied_while_the_market_is_doubted_and_made_once_it_is_believed():
    """Prices go on coming, and say nothing."""
    run = Run(*QUICK, flags=OUTSIDE)
    run.warm_up()
    doubted(run)

    denied = run.bars(PRICE + 100, PRICE + 200)
    doubted(run, 0)
    bought = run.bar(PRICE + 300)

    assert (submitted(denied), set(denials(denied))) == ([], {DOUBTED})
    assert len(submitted(bought)) == 1


def test_what_is_held_may_be_sold_all_the_same():
    """A doubt makes buying impossible, never leaving."""
    run = Run(*QUICK, *ALL_IN, flags=OUTSIDE)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.fill(entry.order_id, entry.lots, 900)
    doubted(run)

    assert len(submitted(run.ask(OperatorFlattened))) == 1


def entered(entry: str = "limit", symbols: int = 1) -> tuple[Run, int]:
    """An engine whose buy of the first symbol is at the venue and not filled, and its id."""
    limited = (f"orders.entry={entry}", "orders.limit_seconds=86400")
    run = Run(*QUICK, *limited, symbols=symbols, flags=OUTSIDE)
    run.warm_up()
    (order,) = submitted(run.bar(PRICE + 100))
    return run, order.order_id


def told(run: Run, kind: Any, order_id: int) -> list[CancelOrder]:
    """The venue says something of the order: the cancels that it causes."""
    return canceled(run.alone(kind(0, run.now_ns, run.now_ns, order_id)))


@pytest.mark.parametrize("entry", ["limit", "market"])
def test_what_would_still_buy_is_taken_back_at_once_and_asked_for_once(entry):
    """However long the doubt stays; the cancel says why."""
    run, order_id = entered(entry)
    told(run, OrderAccepted, order_id)

    (asked,) = canceled(doubted(run))
    later = [*doubted(run, LATE + 1), *run.bars(PRICE + 200, PRICE + 300), *run.beat(60)]

    assert (asked.order_id, CAUSES[asked.cause]) == (order_id, "market doubted")
    assert canceled(later) == []


def test_an_entry_of_another_market_rests_on():
    """A doubt is one symbol's; the heartbeat and facts of others take nothing of it back."""
    run, order_id = entered(symbols=2)
    told(run, OrderAccepted, order_id)

    caused = [*doubted(run, symbol=1), *run.beat(60), *run.bar(PRICE + 100)]

    assert canceled(caused) == []
    assert run.position.entering_id == order_id


def test_an_entry_that_nobody_knows_of_is_taken_back_once_it_is_found():
    """A cancel that overtakes it would end nothing."""
    run, order_id = entered()
    told(run, OrderUnknown, order_id)

    early = canceled([*doubted(run), *run.beat(60)])
    found = told(run, OrderAccepted, order_id)

    assert early == []
    assert [one.order_id for one in found] == [order_id]


@pytest.mark.parametrize("way", ["beat", "bar"])
def test_a_cancel_that_found_no_room_is_asked_for_at_the_next_event(way):
    """A heartbeat, or the market's own word, whichever comes first."""
    run, order_id = entered()
    told(run, OrderAccepted, order_id)
    run.state.symbols[0].features.market.doubt = LATE  # as if the doubt's own event had no room

    asked = canceled(run.beat(1) if way == "beat" else run.bar(PRICE + 100))

    assert [one.order_id for one in asked] == [order_id]


def test_a_refused_cancel_is_asked_for_again_while_the_doubt_stays():
    """The entry lives on, and would still buy."""
    run, order_id = entered()
    told(run, OrderAccepted, order_id)
    doubted(run)

    again = told(run, CancelRejected, order_id)
    doubted(run, 0)
    believed = told(run, CancelRejected, order_id)

    assert [one.order_id for one in again] == [order_id]
    assert believed == []


def test_whoever_watches_sees_the_doubt():
    """With its reason; one that has no name here is a doubt too."""
    run = Run(*QUICK)
    shown = []
    for doubt in (0, LATE, 99, -3):
        doubted(run, doubt)
        shown.append(picture(run.state, ["ETHUSDT"]).doubts)

    assert shown == ["", "ETHUSDT messages late", *["ETHUSDT for another reason"] * 2]


def test_a_doubt_is_replayed_as_it_was():
    """It lies in the state, and came by an event."""
    run, again = Run(*QUICK), PlainCore()
    again.restore(run.core.image())
    doubted(run)

    assert again.image() != run.core.image()
    again.restore(run.core.image())
    assert picture(again.state, ["ETHUSDT"]).doubts == "ETHUSDT messages late"
