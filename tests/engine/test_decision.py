"""Is every event decided in its turn, with what one event may cause, and remembered?"""

from typing import Any

import pytest

from engine.core import PlainCore
from engine.dealing import DENIED, ENTERED, HELD, LEFT, OUTCOMES, UNSURE, WITHDRAWN
from engine.messages import (
    BreakerChanged,
    EngineStarted,
    Heartbeat,
    encode,
)
from engine.risk.gate import COMMANDS_MAX
from engine.strategy.agents.registry import CAUSES
from tests.builders import (
    MINUTE,
    PRICE,
    QUICK,
    SECOND,
    START,
    Run,
    canceled,
    driven,
    flat_bar,
    opening,
    submitted,
)

LIMITED = (*QUICK, "orders.entry=limit", "orders.limit_seconds=90", "paper.latency_ns=0")


def outcome(run: Run) -> int:
    """Of the last decision."""
    found: int = run.decision.outcome
    return found


def test_what_was_decided_last_is_remembered():
    """For whoever watches: symbol, agent, cause, target, confidence, moment and outcome."""
    run = Run(*QUICK)
    run.warm_up()
    run.bar(PRICE + 100)

    decision = run.decision
    assert (decision.symbol, decision.agent, CAUSES[decision.cause]) == (0, 2, "fast above slow")
    assert (decision.target, decision.confidence) == (1.0, 1.0)
    assert (decision.now_ns, OUTCOMES[decision.outcome]) == (run.now_ns, "entered")


def test_the_unsure_are_not_heard():
    """A vote that is not unanimous, where 90 % is asked for, changes nothing."""
    run = Run("schedule.interval_seconds=0", "run.heartbeat_ns=60000000000",
              "strategy.confidence_min=0.9", "strategy.vote.rsi_middle=99.0")  # fmt: skip
    run.bars(*[PRICE + 50 * step for step in range(60)])

    assert 0.6 < run.decision.confidence < 0.9
    assert outcome(run) == UNSURE
    assert run.state.orders.submitted == 0


def entries_in(symbols: int, *changes: str) -> Run:
    """An engine in which many symbols want in at the same heartbeat, and what came of it."""
    run = Run(*QUICK, "sizing.fraction=0.005", "risk.orders_per_minute_max=1000", *changes,
              symbols=symbols)  # fmt: skip
    for close in [PRICE] * 6:
        for symbol in range(symbols):
            run.bar(close, symbol=symbol, same_minute=int(symbol > 0))
    return run


def test_orders_that_find_no_room_leave_with_the_next_events():
    """64 entries at one heartbeat: 32 records an event, and no decision is lost."""
    run = entries_in(64, "features.bar_seconds=60")
    for symbol in range(64):
        for price in (PRICE, PRICE + 300):
            run.feed(trade_of(run, symbol, price))
    run.said.clear()

    run.now_ns += MINUTE + SECOND
    counts = []
    for number in range(4):
        beat = Heartbeat(0, run.now_ns, run.now_ns, number)
        counts.append(len(submitted(run.alone(beat))))

    assert max(counts) <= COMMANDS_MAX
    assert sum(counts) == 64


def trade_of(run: Run, symbol: int, price: int) -> Any:
    """A trade of any symbol at the run's own time."""
    from engine.messages import TradeTick

    return TradeTick(symbol, run.now_ns, run.now_ns, price, 10**15, 1)


def test_entries_that_end_together_are_canceled_over_several_events():
    """More than one event's commands: those that found no room are still due."""
    run = entries_in(64, "orders.entry=limit", "orders.limit_seconds=90", "paper.latency_ns=0")
    for symbol in range(64):
        run.bar(PRICE + 300, symbol=symbol, same_minute=int(symbol > 0))
    assert run.state.orders.open == 64
    run.hold_on()

    counts = [len(canceled(run.beat(91)))]
    counts += [len(canceled(run.beat(1))) for _ in range(3)]

    assert counts == [32, 32, 0, 0]


def test_the_next_entry_to_end_is_remembered():
    """While one is canceled the others keep their own time."""
    run = entries_in(3, "orders.entry=limit", "orders.limit_seconds=90", "paper.latency_ns=0")
    for symbol in range(3):
        run.now_ns += 10 * SECOND
        run.bar(PRICE + 300, symbol=symbol, same_minute=1)
    run.hold_on()

    asked = [one.symbol for _ in range(20) for one in canceled(run.beat(10))]

    assert asked == [0, 1, 2]


def test_the_first_heartbeat_is_due_at_the_next_whole_period():
    """Then one period after each; an event right on it needs none before."""
    rows = opening("run.heartbeat_ns=60000000000")
    for begin_ns, due_ns in ((START, START), (START + SECOND, START + MINUTE)):
        core = PlainCore()
        for record in rows:
            core.process(record)
        core.process(encode(flat_bar(begin_ns, PRICE)))
        assert core.state.clock.heartbeat_due_ns == due_ns

        stream = driven(core, encode(flat_bar(due_ns + 150 * SECOND, PRICE)))

        beats = [record for record in stream if record[4] == 8]
        assert len(beats) == 3
        assert core.state.clock.heartbeat_due_ns == due_ns + 3 * MINUTE


@pytest.mark.parametrize("kind", [EngineStarted, BreakerChanged])
def test_what_only_readers_need_moves_nothing_but_the_clock(kind):
    """The start of an engine and its own facts, told to it, change no account and no decision."""
    run = Run(*QUICK)
    run.go_long()
    before = run.core.image()
    events = run.state.clock.events

    caused = run.alone(kind(0, run.now_ns, run.now_ns, 3, 7))

    assert caused == []
    assert run.state.clock.events == events + 1
    run.state.clock.events, run.state.account.ended_order = events, 1
    changed = sum(a != b for a, b in zip(before, run.core.image(), strict=True))
    assert changed <= 8  # the clock's kind, the counter of commands, the mark of an ended entry


def test_outcomes_have_names():
    """Each number that a decision can hold is a phrase."""
    assert [OUTCOMES[number] for number in (HELD, UNSURE, ENTERED, LEFT, DENIED, WITHDRAWN)] == [
        "nothing to do", "too unsure", "entered", "left", "denied", "withdrawn",
    ]  # fmt: skip
