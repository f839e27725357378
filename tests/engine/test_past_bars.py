"""Is anything decided on bars that closed before anybody listened?"""

from engine.messages import OUTSIDE, PAST, BarClosed
from tests.builders import ALL_IN, MINUTE, PLENTY, PRICE, QUICK, Run, submitted


def past(run: Run, *closes: int) -> list[object]:
    """Bars of the minutes before now, all heard now; what they cause."""
    caused: list[object] = []
    for number, close in enumerate(closes):
        opened_ns = run.now_ns - (len(closes) - number) * MINUTE
        prices = (close, close, close, close, PLENTY)
        caused += run.alone(BarClosed(0, opened_ns, run.now_ns, *prices, flags=PAST))
    return caused


def test_nothing_is_bought_or_denied_on_them_and_the_indicators_know_them():
    """A rise of a while ago is no reason to buy now; the next bar is judged by it."""
    run = Run(*QUICK, flags=OUTSIDE)
    caused = past(run, *[PRICE] * 6, PRICE + 100, PRICE + 200)

    later = run.bar(PRICE + 300)

    assert caused == []
    assert len(submitted(later)) == 1


def test_what_is_held_is_neither_sold_nor_valued_by_them():
    """A fall that was over before we were back trips no breaker, and ends no position."""
    run = Run(*QUICK, *ALL_IN, flags=OUTSIDE)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.fill(entry.order_id, entry.lots, 900)
    before = run.state.account.equity_e8, run.state.symbols[0].features.market.bid

    caused = past(run, PRICE // 2, PRICE // 2, PRICE + 100)

    assert caused == []
    assert (run.state.account.equity_e8, run.state.symbols[0].features.market.bid) == before
    assert run.state.breakers.level == 0
