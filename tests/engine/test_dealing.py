"""Is the right thing asked at the right moment: enter, hold, leave, protect, take back?"""

from typing import Any

from engine.dealing import ENTERED, HELD, LEFT, WITHDRAWN
from engine.messages import (
    BUY,
    LIMIT,
    MARKET,
    SELL,
    STOP,
    OrderCanceled,
)
from engine.strategy.agents.registry import CAUSES
from tests.builders import (
    ALL_IN,
    MINUTE,
    PRICE,
    QUICK,
    Run,
    canceled,
    fills,
    flat_bar,
    only,
    submitted,
    volume_of,
)

LIMITED = (*QUICK, "orders.entry=limit", "orders.limit_seconds=90", "paper.latency_ns=0")


def outcome(run: Run) -> int:
    """Of the last decision."""
    found: int = run.decision.outcome
    return found


def order_in(run: Run, order_id: int) -> Any:
    """A row of the order table."""
    return run.state.orders.table[order_id % 64]


def test_a_signal_up_enters():
    """At market, for the profile's share of equity, with agent, cause and confidence beside it."""
    run = Run(*QUICK)
    run.warm_up()

    (order,) = submitted(run.bar(PRICE + 100))

    assert (order.flags, order.price) == (BUY + 2 * MARKET, 0)
    assert order.lots == 950 * 10**8 // ((PRICE + 101) * 100)
    assert (order.agent_and_cause // 256, CAUSES[order.agent_and_cause % 256]) == (
        2,
        "fast above slow",
    )
    assert order.confidence_ppm == 1_000_000
    assert outcome(run) == ENTERED


def test_an_entry_that_filled_gets_its_stop_at_once():
    """Under all that was bought, two percent below its price."""
    run = Run(*QUICK)
    run.warm_up()
    run.bar(PRICE + 100)

    caused = run.bar(PRICE + 200)

    (bought,), (stop,) = fills(caused), submitted(caused)
    assert (stop.flags, stop.lots) == (SELL + 2 * STOP, bought.lots)
    assert stop.price == bought.price - bought.price * 2 // 100
    assert CAUSES[stop.agent_and_cause % 256] == "protective stop"
    assert run.position.stop_id == stop.order_id


def test_a_part_that_falls_below_its_stop_is_sold_while_the_rest_still_fills():
    """No stop stands at the venue yet: the engine watches the price itself."""
    run = Run(*QUICK)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.bar(PRICE + 200, volume=volume_of(1_000))
    run.hold_on()

    kept = run.bar(PRICE * 99 // 100, volume=0)
    caused = run.bar(PRICE * 97 // 100, volume=0)

    assert (submitted(kept), canceled(kept)) == ([], [])
    (sale,) = submitted(caused)
    assert (sale.flags, sale.lots, CAUSES[sale.agent_and_cause % 256]) == (
        SELL,
        1_000,
        "protective stop",
    )
    assert [one.order_id for one in canceled(caused)] == [entry.order_id]


def test_a_stop_below_which_the_price_already_lies_is_not_placed():
    """It would be late: what was bought is sold at once."""
    run = Run(*QUICK)
    run.warm_up()
    run.bar(PRICE + 100)

    caused = run.bar(PRICE * 95 // 100, open=PRICE + 100)

    assert [one.flags for one in submitted(caused)] == [SELL + 2 * MARKET]
    assert run.position.stop_id == 0


def test_leaving_asks_for_less_confidence_than_a_breaker_wants():
    """What makes buying harder never keeps us in the market."""
    run = Run(*QUICK, *ALL_IN, "indicators.ema_fast=2", "indicators.ema_slow=3",
              "indicators.rsi_period=2", "strategy.vote.rsi_middle=1.0")  # fmt: skip
    run.go_long()
    run.change("breakers.confidence_conservative", 1.0)
    run.hold_on()
    run.bars(PRICE * 92 // 100, PRICE * 88 // 100)
    assert run.state.breakers.level == 2
    run.change("indicators.ema_slow", 3)

    sold = [one for step in range(5) for one in submitted(run.bar(PRICE * (87 - step) // 100))]

    assert [one.flags for one in sold][:1] == [SELL]
    assert run.decision.confidence < 1.0


def test_without_a_stop_distance_no_stop_is_placed():
    """`sizing.stop_loss = 0` means none."""
    run = Run(*QUICK, "sizing.stop_loss=0")

    caused = run.go_long()

    assert len(submitted(caused)) == 1
    assert run.position.stop_id == 0


def test_who_is_long_stays_long():
    """The same signal again asks for nothing."""
    run = Run(*QUICK)
    run.go_long()

    assert submitted(run.bars(PRICE + 300, PRICE + 400)) == []
    assert outcome(run) == HELD


def test_a_signal_down_cancels_the_stop_and_sells_all():
    """In one breath: the venue hears of both at once."""
    run = Run(*QUICK)
    run.go_long()
    lots, stop_id = run.position.lots, run.position.stop_id

    caused = run.alone(flat_bar(run.now_ns + MINUTE, PRICE - 900))

    (sale,), (taken_back,) = submitted(caused), canceled(caused)
    assert (sale.flags, sale.lots) == (SELL + 2 * MARKET, lots)
    assert (taken_back.order_id, CAUSES[taken_back.cause]) == (stop_id, "fast below slow")
    assert outcome(run) == LEFT


def test_nothing_more_is_asked_while_a_sale_is_on_its_way():
    """Neither a second sale nor a new entry, whatever the agent wants."""
    run = Run(*QUICK)
    run.go_long()
    run.bar(PRICE - 900, volume=0)
    assert run.position.closing_id > 0

    assert submitted(run.bar(PRICE - 1_800, volume=0)) == []
    assert submitted(run.bar(PRICE + 5_000, volume=0)) == []
    assert outcome(run) == HELD


def test_after_the_sale_the_next_signal_enters_again():
    """Nothing of the old position is left: no claim, no order."""
    run = Run(*QUICK)
    run.go_long()
    run.bars(PRICE - 900, PRICE - 1_000)
    assert run.position.lots == run.position.claimed_lots == run.state.orders.open == 0

    (order,) = submitted(run.bar(PRICE + 2_000))

    assert order.flags == BUY


def test_a_stop_that_was_hit_leaves_nothing_behind():
    """The position is closed by the venue; the engine is free again."""
    run = Run(*QUICK)
    run.go_long()
    run.hold_on()

    (sold,) = fills(run.bar(PRICE, low=PRICE * 97 // 100))

    assert (sold.flags, sold.price < PRICE * 99 // 100) == (SELL, True)
    assert (run.position.lots, run.position.stop_id, run.state.account.losses) == (0, 0, 1)
    assert run.state.account.reserved_e8 == run.position.claimed_lots == 0


def test_an_entry_that_has_not_filled_is_taken_back_by_a_signal_down():
    """Nothing is held yet: the cancel is all there is to do."""
    run = Run(*QUICK)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))

    (asked,) = canceled(run.bar(PRICE - 900, volume=0))

    assert asked.order_id == entry.order_id
    assert outcome(run) == WITHDRAWN
    run.bar(PRICE - 900, volume=0)
    assert run.state.account.reserved_e8 == run.state.orders.open == 0


def test_an_entry_filled_in_part_is_sold_and_its_rest_taken_back():
    """Both leave together when what is held can be sold."""
    run = Run(*QUICK)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    run.bar(PRICE + 200, volume=volume_of(1_000))
    assert 0 < run.position.lots == 1_000

    caused = run.bar(PRICE - 900, volume=0)

    assert [one.order_id for one in canceled(caused)] == [entry.order_id]
    assert [(one.flags, one.lots) for one in submitted(caused)] == [(SELL, 1_000)]


def test_a_part_too_small_to_sell_is_taken_along_by_the_next_entry():
    """It is neither offered again and again nor does it keep us out of the market."""
    run = Run(*QUICK)
    run.warm_up()
    run.bar(PRICE + 100)
    run.bar(PRICE + 200, volume=volume_of(10))
    assert run.position.lots == 10
    gone = run.bar(PRICE - 900, volume=0) + run.bar(PRICE - 900, volume=0) + run.bars(PRICE - 990)
    assert submitted(gone) == []
    assert len(only(gone, OrderCanceled)) == 1

    entered = run.bars(PRICE + 2_000, PRICE + 2_100)

    entry, stop = submitted(entered)
    assert stop.lots == run.position.lots == entry.lots + 10


def test_a_stop_under_a_remainder_gives_way_to_the_next_entry():
    """What it protects has become too small to sell; the new stop will stand under all."""
    run = Run(*QUICK)
    run.go_long()
    stop_id = run.position.stop_id
    run.state.symbols[0].instrument.notional_min_e8 = run.position.value_e8 * 11 // 10
    run.change("sizing.fraction", 0.5)
    run.change("risk.position_max", 1.0)
    run.change("risk.exposure_max", 1.0)

    caused = run.bar(PRICE + 300)
    run.bar(PRICE + 400)

    assert [one.order_id for one in canceled(caused)] == [stop_id]
    assert len(submitted(caused)) == 1
    assert order_in(run, run.position.stop_id).lots == run.position.lots


def test_a_resting_entry_bids_and_waits_for_its_time():
    """At the bid, until its seconds are over; the cancel says why."""
    run = Run(*LIMITED)
    run.warm_up()
    (entry,) = submitted(run.bar(PRICE + 100))
    assert (entry.flags, entry.price) == (BUY + 2 * LIMIT, PRICE + 99)
    run.hold_on()

    quiet = run.bars(PRICE + 200)
    (asked,) = canceled(run.bars(PRICE + 300))

    assert canceled(quiet) == []
    assert (asked.order_id, CAUSES[asked.cause]) == (entry.order_id, "entry timed out")
    assert run.state.account.reserved_e8 == run.state.orders.open == 0


def test_a_resting_entry_that_fills_is_protected():
    """As a market entry is; nothing is left to expire."""
    run = Run(*LIMITED)
    run.warm_up()
    run.bar(PRICE + 100)

    run.bar(PRICE + 200, low=PRICE)
    caused = run.bars(PRICE + 300, PRICE + 400, PRICE + 500)

    assert run.position.stop_id > 0
    assert canceled(caused) == []


def test_an_entry_that_outlived_its_time_is_asked_once():
    """Until the venue answers, the question is not repeated."""
    run = Run(*LIMITED, symbols=2)
    run.warm_up()
    run.bar(PRICE + 100)
    run.state.venue.count = 0  # the venue has lost it

    asked = [canceled(run.beat(60)) for _ in range(5)]

    assert [len(some) for some in asked] == [0, 1, 0, 0, 0]
