"""Does an engine come through whatever happens? A seed draws the faults; run and audited."""

from random import Random
from typing import Any, NamedTuple

from engine.core import digest_of_bytes
from validators.simulation.auditor import Audit, audit
from validators.simulation.exchange import Faults
from validators.simulation.world import Plan, World

SECONDS = 300
RESTING = ("orders.entry=limit", "orders.limit_seconds=5")


class Outcome(NamedTuple):
    """One seed's run: what was planned, what the auditor found, SHA-256 of the journal."""

    seed: int
    plan: Plan
    audit: Audit
    journal: str


def plan_of(seed: int) -> Plan:
    """Each fault is off, rare or common, in every mixture."""
    draw = Random(seed)  # noqa: S311  a run must be the same again
    chance: list[Any] = [draw.choice((0.0, 0.0, 0.05, 0.3)) for _ in range(7)]
    faults = Faults(*chance)._replace(
        expires=draw.choice((0.0, 0.02)),
        delay_s=draw.choice((0.05, 3.0, 8.0)),
        stream_delay_s=draw.choice((0.05, 5.0, 30.0)),
        parts=draw.choice((1, 4, 12)),
    )
    return Plan(
        faults,
        SECONDS,
        crashes=draw.choice((0, 0, 1, 4)),
        slow_disk=draw.choice((0.0, 0.05)),
        changes=draw.choice(((), RESTING)),
    )


def trial(seed: int, native: Any, plan: Plan | None = None) -> Outcome:
    """Run one seed to its rest; AssertionError when the journal does not even replay."""
    world = World(seed, plan or plan_of(seed), native)
    world.run()
    journal = digest_of_bytes(b"".join(world.disk.records)).hex()
    return Outcome(seed, world.plan, audit(world), journal)
