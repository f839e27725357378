"""Which agents are there? One line an agent, and the chosen one is asked."""

from typing import Any

from engine.layout import F, I, Parameter, block
from engine.strategy.agents import ema_cross, vote

AGENTS = (
    vote,
    ema_cross,
)
NAMES = {number: agent.__name__.rpartition(".")[2] for number, agent in enumerate(AGENTS, 1)}
# Causes that are not an agent's.
STOPPED, PROTECTED, TIMED_OUT, FLATTENED, KILLED, PAUSED, DOUBTED = 8, 9, 10, 12, 13, 14, 15
CAUSES = {0: "none", STOPPED: "drawdown stop", PROTECTED: "protective stop"}
CAUSES |= {TIMED_OUT: "entry timed out", FLATTENED: "flattened by the operator"}
CAUSES |= {KILLED: "killed by the operator", PAUSED: "paused by the operator"}
CAUSES |= {DOUBTED: "market doubted"}
for _agent in AGENTS:
    CAUSES |= _agent.CAUSES
OWN = block(**{name: agent.OWN for name, agent in zip(NAMES.values(), AGENTS, strict=True)})
PARAMETERS = block(
    agent=Parameter(I, 1, 1, len(AGENTS), "|".join(NAMES.values()), "The agent that proposes."),
    confidence_min=Parameter(F, 0.60, 0.0, 1.0, "", "Nothing is bought on less confidence."),
    exit_confidence_min=Parameter(F, 0.60, 0.0, 1.0, "", "Nothing is sold on less confidence."),
    **{name: agent.PARAMETERS for name, agent in zip(NAMES.values(), AGENTS, strict=True)},
)
HOLD = -1.0  # the target of an agent that wants nothing changed
INTENT = block(target=F, confidence=F, agent=I, cause=I)
ask: Any = None  # (own, parameters, indicators, intent) asks the chosen agent; made below


def propose(own, parameters, indicators, intent):
    """Ask the chosen agent for a target: 1.0 long, 0.0 flat, HOLD as it is."""
    intent.target = HOLD
    intent.confidence = 0.0
    intent.cause = 0
    intent.agent = parameters.agent
    ask(own, parameters, indicators, intent)


def _asking() -> str:
    """The source of `ask`: one line an agent, each function under a name of its own."""
    rows = ["def ask(own, parameters, indicators, intent):"]
    for number, (name, agent) in enumerate(zip(NAMES.values(), AGENTS, strict=True), 1):
        globals()[f"propose_{name}"] = agent.propose
        called = f"propose_{name}(own.{name}, parameters.{name}, indicators, intent)"
        rows += [f"    if intent.agent == {number}:", f"        {called}"]
    return "\n".join(rows)


exec(compile(_asking(), "<agents>", "exec"), globals())
