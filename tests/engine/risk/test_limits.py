"""Are entries counted by the minute?"""

from engine.layout import fresh
from engine.risk.limits import MINUTE_NS, RATE, count_order, orders_this_minute
from tests.builders import PRICE, QUICK, START, Run, denials, submitted


def test_a_minute_begins_with_the_clock():
    """What was counted in one minute does not weigh on the next."""
    rate = fresh(RATE)
    for now_ns in (START, START + 1, START + MINUTE_NS - 1):
        count_order(rate, now_ns)

    assert orders_this_minute(rate, START + MINUTE_NS - 1) == 3
    assert orders_this_minute(rate, START + MINUTE_NS) == 0
    count_order(rate, START + MINUTE_NS)
    assert rate.orders == 1


def test_an_exit_never_waits_for_the_rate():
    """One order a minute is allowed and was used by the entry: the exit still leaves at once."""
    run = Run(*QUICK, "risk.orders_per_minute_max=1", "features.bar_seconds=5")
    run.warm_up()
    run.trade(PRICE)
    for price in (PRICE + 100, PRICE + 200, PRICE + 300):
        run.trade(price, after_ns=5 * 10**9)
    assert run.position.lots > 0

    caused = run.trade(PRICE - 2_000, after_ns=5 * 10**9) + run.trade(PRICE, after_ns=5 * 10**9)

    assert len(submitted(caused)) == 1
    assert denials(caused) == []
