"""What does the engine know? One block, composed of what each room declares by its functions."""

from typing import Any

from engine.execution import assumptions, curve, fills, orders, portfolio
from engine.instruments import INSTRUMENT
from engine.layout import Block, F, I, Parameter, block
from engine.risk import breakers, gate, limits, sizing
from engine.strategy import context, features, indicators, schedule
from engine.strategy.agents import registry

# Symbols an engine can hold; a build constant.
SYMBOLS_MAX = 64
CLOCK = block(
    now_ns=I,  # the largest received_ns seen
    kind=I,  # of the event at hand, as signed numbers
    flags=I,
    symbol=I,
    events=I,
    malformed=I,
    sane=I,  # 1 when the market event at hand could be true
    heartbeats=I,
    heartbeat_due_ns=I,
    symbols=I,  # how many are defined
)
RUN = block(
    heartbeat_ns=Parameter(
        I, 500_000_000, 1_000_000, 86_400_000_000_000, "ns", "Time between heartbeats."
    ),
)
PARAMETERS = block(
    run=RUN,
    features=features.PARAMETERS,
    indicators=indicators.PARAMETERS,
    schedule=schedule.PARAMETERS,
    strategy=registry.PARAMETERS,
    sizing=sizing.PARAMETERS,
    risk=limits.PARAMETERS,
    breakers=breakers.PARAMETERS,
    orders=orders.PARAMETERS,
    paper=assumptions.PARAMETERS,
    fees=portfolio.PARAMETERS,
    context=context.PARAMETERS,
)
# What was decided, for whoever watches.
DECISIONS_KEPT = 32
DECISION = block(symbol=I, agent=I, cause=I, reason=I, outcome=I, target=F, confidence=F, now_ns=I)
SYMBOL = block(
    instrument=INSTRUMENT,
    features=features.FEATURES,
    schedule=schedule.SCHEDULE,
    agents=registry.OWN,
    position=portfolio.POSITION,
)
STATE = block(
    clock=CLOCK,
    parameters=PARAMETERS,
    account=portfolio.ACCOUNT,
    breakers=breakers.BREAKERS,
    gate=gate.GATE,
    decisions=block(count=I, table=(DECISION, DECISIONS_KEPT)),
    intent=registry.INTENT,
    draft=orders.DRAFT,
    fee=portfolio.FEE,
    remembered=portfolio.REMEMBERED,
    orders=orders.ORDERS,
    fills=portfolio.FILLS,
    curve=curve.CURVE,
    context=context.CONTEXT,
    symbols=(SYMBOL, SYMBOLS_MAX),
    commands=gate.COMMANDS,
    venue=fills.VENUE,
)


def parameters_of(declared: Block, prefix: str = "") -> dict[str, Parameter]:
    """Every profile key, in the order of its number: `risk.position_max` and so on."""
    found: dict[str, Parameter] = {}
    for name, field in declared.items():
        if isinstance(field, Parameter):
            found[prefix + name] = field
        else:
            found.update(parameters_of(field, f"{prefix}{name}."))
    return found


KEYS = parameters_of(PARAMETERS)


set_parameter: Any = None  # (parameters, number, whole, real) sets one key; made below


def _setter() -> str:
    """The source of `set_parameter`: one line a profile key."""
    rows = [
        f"    if number == {number}:\n"
        f"        parameters.{key} = {'real' if row.kind == F else 'whole'}"
        for number, (key, row) in enumerate(KEYS.items())
    ]
    return "\n".join(["def set_parameter(parameters, number, whole, real):", *rows])


exec(compile(_setter(), "<parameters>", "exec"), globals())
