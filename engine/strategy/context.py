"""What is known around the market? Slow values from elsewhere, and what they say now."""

from engine.layout import F, I, Parameter, block

# Gwei, a share of 1, USD net to exchanges, USD.
NAMES = ("gas", "votes", "whales", "dex")
PARAMETERS = block(
    gas_seconds=Parameter(I, 300, 1, 604_800, "s", "Ether's gas price says nothing after it."),
    votes_seconds=Parameter(I, 7_200, 1, 604_800, "s", "The share of upward votes, as above."),
    whales_seconds=Parameter(I, 3_600, 1, 604_800, "s", "Large transfers to exchanges, as above."),
    dex_seconds=Parameter(I, 7_200, 1, 604_800, "s", "Volume of exchanges on chains, as above."),
)
# What was told last, and what it says now: the same while it is fresh, else what says nothing.
VALUE = block(told=F, source_ns=I, updates=I, value=F, age_ns=I, fresh=I)
CONTEXT = block(gas=VALUE, votes=VALUE, whales=VALUE, dex=VALUE)
UNDECIDED = 0.5  # as many votes up as down
SECOND_NS = 1_000_000_000
GAS, VOTES, WHALES, DEX = 0, 1, 2, 3


def take_context(context, event):
    """A value (a number, b in 1e-8 of its unit) that came from outside; no other number is one."""
    if event.a == GAS:
        take_value(context.gas, event)
    elif event.a == VOTES:
        take_value(context.votes, event)
    elif event.a == WHALES:
        take_value(context.whales, event)
    elif event.a == DEX:
        take_value(context.dex, event)


def take_value(kept, event):
    """The newest word on one value, and since when it holds: a clock there may run ahead of us."""
    kept.told = event.b / 100000000.0
    kept.source_ns = min(max(event.time_ns, 0), event.received_ns)
    kept.updates += 1


def see_context(context, parameters, now_ns):
    """What each value says at this time."""
    look_at(context.gas, parameters.gas_seconds, now_ns, 0.0)
    look_at(context.votes, parameters.votes_seconds, now_ns, UNDECIDED)
    look_at(context.whales, parameters.whales_seconds, now_ns, 0.0)
    look_at(context.dex, parameters.dex_seconds, now_ns, 0.0)


def look_at(kept, seconds, now_ns, neutral):
    """One value: as told, or neutral where none came or it is older than its bound."""
    kept.age_ns = now_ns - kept.source_ns if kept.updates > 0 else 0
    kept.fresh = 1 if kept.updates > 0 and kept.age_ns <= seconds * SECOND_NS else 0
    kept.value = kept.told if kept.fresh == 1 else neutral
