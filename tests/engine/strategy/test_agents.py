"""What does each agent want, and how sure is it?"""

from typing import Any

import pytest

from engine.layout import F, Parameter, fresh
from engine.state import PARAMETERS, SYMBOL
from engine.strategy.agents.registry import (
    AGENTS,
    CAUSES,
    HOLD,
    INTENT,
    NAMES,
    propose,
)
from engine.strategy.indicators import INDICATORS
from tests.builders import PRICE, Run

VOTE, EMA_CROSS = (
    number for name in ("vote", "ema_cross") for number in NAMES if NAMES[number] == name
)


def asked(agent: int, indicators: Any) -> Any:
    """What the agent answers to these indicators."""
    parameters, intent = fresh(PARAMETERS["strategy"]), fresh(INTENT)
    parameters.agent = agent
    parameters.vote.rsi_middle = 50.0
    parameters.ema_cross.bars_min = 300
    propose(fresh(SYMBOL["agents"]), parameters, indicators, intent)
    return intent


def ready(ema: float, rsi: float, macd: float) -> Any:
    """Indicators that are past their warm-up: fast less slow average, RSI, MACD histogram."""
    made = fresh(INDICATORS)
    made.macd.ready = made.rsi.ready = made.ema_slow.ready = 1
    made.ema_fast.value, made.rsi.value, made.macd.histogram = ema, rsi, macd
    return made


@pytest.mark.parametrize(
    ("voters", "target", "confidence", "cause"),
    [
        ((1.0, 60.0, 1.0), 1.0, 1.0, "votes up"),
        ((1.0, 60.0, -1.0), 1.0, 4 / 6, "votes up"),
        ((1.0, 40.0, 1.0), 1.0, 4 / 6, "votes up"),
        ((0.0, 60.0, 0.0), 1.0, 4 / 6, "votes up"),
        ((0.0, 60.0, 1.0), 1.0, 5 / 6, "votes up"),
        ((-1.0, 40.0, -1.0), 0.0, 1.0, "votes down"),
        ((-1.0, 60.0, -1.0), 0.0, 4 / 6, "votes down"),
        ((1.0, 50.0, -1.0), HOLD, 3 / 6, "votes split"),
        ((0.0, 50.0, 0.0), HOLD, 3 / 6, "votes split"),
    ],
)
def test_three_votes_make_a_target(voters, target, confidence, cause):
    """The majority decides; confidence is the share that agrees; a tie wants nothing."""
    intent = asked(VOTE, ready(*voters))

    assert (intent.target, intent.confidence) == (target, pytest.approx(confidence))
    assert (CAUSES[intent.cause], intent.agent) == (cause, VOTE)


@pytest.mark.parametrize("missing", ["macd", "rsi", "ema_slow"])
def test_the_vote_waits_for_all_of_its_voters(missing):
    """Until each has a value the agent wants nothing."""
    indicators = ready(1.0, 60.0, 1.0)
    getattr(indicators, missing).ready = 0

    intent = asked(VOTE, indicators)

    assert (intent.target, CAUSES[intent.cause]) == (HOLD, "warming up")


def test_a_market_that_stands_still_is_no_signal():
    """Its RSI is 0 by convention, which would look oversold."""
    indicators = ready(0.0, 0.0, 0.0)
    indicators.rsi.flat = 1

    intent = asked(VOTE, indicators)

    assert (intent.target, CAUSES[intent.cause]) == (HOLD, "flat market")


@pytest.mark.parametrize(
    ("bars", "macd", "target", "cause"),
    [
        (300, 1.0, HOLD, "too few bars"),
        (301, 1.0, 1.0, "fast above slow"),
        (301, 0.0, 0.0, "fast below slow"),
        (301, -1.0, 0.0, "fast below slow"),
    ],
)
def test_the_cross_follows_the_level_of_macd(bars, macd, target, cause):
    """Long above, flat at or below, silent for its first bars."""
    indicators = fresh(INDICATORS)
    indicators.bars, indicators.macd.value = bars, macd

    intent = asked(EMA_CROSS, indicators)

    assert (intent.target, CAUSES[intent.cause]) == (target, cause)


def test_crossings_are_counted_when_the_level_changes():
    """Staying above is not crossing."""
    run = Run("strategy.agent=ema_cross", "strategy.ema_cross.bars_min=40",
              "schedule.interval_seconds=0", "run.heartbeat_ns=60000000000")  # fmt: skip
    run.bars(*[PRICE] * 41)
    run.bars(*[PRICE + 50 * step for step in range(20)])
    run.bars(*[PRICE + 900 - 90 * step for step in range(30)])

    assert run.state.symbols[0].agents.ema_cross.crossings == 2


def test_votes_are_counted():
    """For whoever asks how often the agent was of one mind."""
    run = Run("schedule.interval_seconds=0", "run.heartbeat_ns=60000000000")
    run.bars(*[PRICE + 50 * step for step in range(60)])
    run.bars(*[PRICE + 3_000 - 50 * step for step in range(60)])

    own = run.state.symbols[0].agents.vote
    assert own.ups > 10
    assert own.downs > 10


def test_every_agent_can_be_chosen_and_has_a_name():
    """The profile's choices and the registry's numbers are one list."""
    row = PARAMETERS["strategy"]["agent"]

    assert isinstance(row, Parameter)
    assert list(NAMES.values()) == row.unit.split("|")
    assert list(NAMES) == list(range(int(row.low), int(row.high) + 1))
    assert PARAMETERS["strategy"]["confidence_min"].kind == F


def test_no_two_agents_name_a_cause_alike():
    """A cause in the journal says which agent's reason it was."""
    own = [number for agent in AGENTS for number in agent.CAUSES]

    assert len(own) == len(set(own))
    assert {0, 8, 9, 10}.isdisjoint(own)
    assert set(own) < set(CAUSES)
