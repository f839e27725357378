"""Is nothing bought in a market that whoever hears it does not believe?"""

from typing import Any

from engine.core import PlainCore
from engine.messages import DOUBTS, OUTSIDE, MarketDoubted, OperatorFlattened
from engine.picture import picture
from engine.risk.gate import REASONS
from tests.builders import ALL_IN, PRICE, QUICK, Run, denials, submitted

DOUBTED = next(number for number, words in REASONS.items() if words == "market doubted")
LATE = DOUBTS.index("messages late")


def doubted(run: Run, doubt: int = LATE) -> None:
    """The market's hearer has a doubt, or (0) none any more."""
    run.alone(MarketDoubted(0, run.now_ns, run.now_ns, doubt))


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
