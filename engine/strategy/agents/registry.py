"""Which agents are there? One line a row in each table, and the chosen one is asked."""

from engine.layout import F, I, Parameter, block
from engine.strategy.agents import ema_cross, vote
from engine.strategy.agents.ema_cross import propose as propose_ema_cross
from engine.strategy.agents.vote import propose as propose_vote

VOTE, EMA_CROSS = 1, 2
NAMES = {VOTE: "vote", EMA_CROSS: "ema_cross"}
CAUSES = {
    0: "none",
    1: "votes up",
    2: "votes down",
    3: "votes split",
    4: "flat market",
    5: "warming up",
    6: "fast above slow",
    7: "fast below slow",
    8: "drawdown stop",
    9: "protective stop",
    10: "entry timed out",
}
STOPPED, PROTECTED, TIMED_OUT = 8, 9, 10  # causes that are not an agent's
OWN = block(vote=vote.OWN, ema_cross=ema_cross.OWN)
PARAMETERS = block(
    agent=Parameter(I, VOTE, 1, 2, "vote|ema_cross", "The agent that proposes."),
    confidence_min=Parameter(F, 0.60, 0.0, 1.0, "", "A proposal below this confidence is dropped."),
    vote=vote.PARAMETERS,
    ema_cross=ema_cross.PARAMETERS,
)
HOLD = -1.0  # the target of an agent that wants nothing changed
INTENT = block(target=F, confidence=F, agent=I, cause=I)


def propose(own, parameters, indicators, intent):
    """Ask the chosen agent for a target: 1.0 long, 0.0 flat, HOLD as it is."""
    intent.target = HOLD
    intent.confidence = 0.0
    intent.cause = 0
    intent.agent = parameters.agent
    if parameters.agent == VOTE:
        propose_vote(own.vote, parameters.vote, indicators, intent)
    if parameters.agent == EMA_CROSS:
        propose_ema_cross(own.ema_cross, parameters.ema_cross, indicators, intent)
