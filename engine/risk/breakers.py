"""When do we stop? At three levels of drawdown, and when the operator pauses, flattens or kills."""

from engine.layout import F, I, Parameter, block

PARAMETERS = block(
    drawdown_half=Parameter(F, 0.05, 0.001, 1.0, "of peak", "From here sizes are halved."),
    drawdown_conservative=Parameter(
        F, 0.10, 0.001, 1.0, "of peak", "From here a quarter of the size and high confidence only."
    ),
    drawdown_stop=Parameter(
        F, 0.15, 0.001, 1.0, "of peak", "From here everything is closed and an operator must reset."
    ),
    confidence_conservative=Parameter(
        F, 0.75, 0.0, 1.0, "", "Least confidence while conservative."
    ),
)
BREAKERS = block(
    level=I,
    stopped=I,  # by drawdown or by a kill, until a reset
    killed=I,  # it was an operator
    paused=I,
    flattening=I,  # until nothing that can be sold is left
    busy=I,  # what is still to be closed: sellable positions and open orders
    trips=I,
)
NORMAL, HALF, CONSERVATIVE, STOPPED = 0, 1, 2, 3
ACTIVE, REDUCING, HALTED = 0, 1, 2
RELEASE = 0.8  # a level ends at this share of its threshold, so that it cannot flutter


def level_at(parameters, drawdown):
    """The level a drawdown calls for."""
    if drawdown >= parameters.drawdown_stop:
        return STOPPED
    if drawdown >= parameters.drawdown_conservative:
        return CONSERVATIVE
    return HALF if drawdown >= parameters.drawdown_half else NORMAL


def level_after(breakers, parameters, drawdown):
    """The level now: up at once, down only once well below, never down from the stop."""
    reached = level_at(parameters, drawdown)
    if breakers.stopped == 1 or reached >= breakers.level:
        return max(reached, breakers.level)
    return min(breakers.level, level_at(parameters, drawdown / RELEASE))


def move_to(breakers, level):
    """Enter a level; the stop latches."""
    breakers.trips += 1 if level > breakers.level else 0
    breakers.level = level
    if level == STOPPED:
        breakers.stopped = 1
        breakers.busy = 1


def reset(breakers):
    """An operator ends the halt; a pause stays."""
    breakers.stopped = 0
    breakers.killed = 0
    breakers.level = NORMAL


def flatten(breakers):
    """An operator wants out: close everything, and enter nothing until resumed."""
    breakers.flattening = 1
    breakers.paused = 1
    breakers.busy = 1


def kill(breakers):
    """An operator ends it all: close everything, then halt until reset."""
    breakers.stopped = 1
    breakers.killed = 1
    breakers.flattening = 0
    breakers.busy = 1


def is_closing(breakers):
    """Whether everything is being closed, or was."""
    return breakers.stopped == 1 or breakers.flattening == 1


def size_factor(breakers):
    """Share of the normal size that the level allows."""
    if breakers.level == NORMAL:
        return 1.0
    return 0.5 if breakers.level == HALF else 0.25


def least_confidence(breakers, parameters, usual):
    """The minimum confidence that the level asks for."""
    if breakers.level >= CONSERVATIVE:
        return max(usual, parameters.confidence_conservative)
    return usual


def trading_state(breakers):
    """ACTIVE; REDUCING while entries are off; HALTED once a stop has closed everything."""
    if breakers.stopped == 1:
        return REDUCING if breakers.busy > 0 else HALTED
    return REDUCING if breakers.paused == 1 or breakers.flattening == 1 else ACTIVE
