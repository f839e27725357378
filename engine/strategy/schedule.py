"""When do we decide? At due times with seeded jitter, or at every closed bar."""

from math import floor

from engine.layout import F, I, Parameter, block

PARAMETERS = block(
    interval_seconds=Parameter(
        F, 45.0, 0.0, 86_400.0, "s", "Time between decisions; 0 decides at each closed bar."
    ),
    jitter_seconds=Parameter(F, 5.0, 0.0, 3_600.0, "s", "Largest shift of a due time, either way."),
    seed=Parameter(I, 1, 0, 2_000_000_000, "", "Seeds the jitter."),
)
SCHEDULE = block(due_ns=I, decisions=I, bars=I)
PRIME = 2_147_483_647  # 2^31 - 1: products of two residues stay far below 2^63
SHARE = 2.0 / 2_147_483_647.0
NANOSECONDS = 1_000_000_000.0


def scattered(seed, number):
    """A whole number in 0..PRIME-1 that looks random but depends on seed and number alone.

    A quadratic step modulo a prime, the seed far from its neighbours before it; for fewer than
    2^46 decisions no sum reaches 2^63.
    """
    mixed = (number * 69_621 + seed * 1_103_515_245) % PRIME
    return (mixed * mixed + mixed) % PRIME


def wait_ns(parameters, number):
    """Nanoseconds from one decision to the next."""
    shift = scattered(parameters.seed, number) * SHARE - 1.0
    seconds = parameters.interval_seconds + shift * parameters.jitter_seconds
    return int(floor(max(seconds, 0.0) * NANOSECONDS)) if seconds < 1e6 else 0


def is_due(schedule, parameters, bars, now_ns):
    """Whether a decision is due: a bar closed, or the time has come and a first bar is known."""
    if parameters.interval_seconds <= 0.0:
        return bars > schedule.bars
    return bars > 0 and now_ns >= schedule.due_ns


def set_next(schedule, parameters, bars, now_ns):
    """Remember this decision and when the next is due."""
    schedule.decisions += 1
    schedule.bars = bars
    schedule.due_ns = now_ns + wait_ns(parameters, schedule.decisions)
