"""Does an engine come through whatever happens? A seed draws the faults; run and audited."""

from random import Random
from typing import Any, NamedTuple

from engine.core import digest_of_bytes
from validators.simulation.auditor import Audit, audit
from validators.simulation.database import Trouble
from validators.simulation.exchange import Faults
from validators.simulation.service import Ailing
from validators.simulation.tables import problems_of
from validators.simulation.world import Plan, World

SECONDS = 300
RESTING = ("orders.entry=limit", "orders.limit_seconds=5")


class Outcome(NamedTuple):
    """One seed's run: what was planned, what the auditor found, SHA-256 of journal and trace."""

    seed: int
    plan: Plan
    audit: Audit
    around: tuple[str, ...]  # what was wrong with the service and its database
    journal: str
    trace: str  # what happened around the database, each with its time


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
        fees=seed % 4,
    )


def mixed(seed: int) -> Plan:
    """The same with a service and a database that fail too."""
    return plan_of(seed)._replace(ailing=ailing_of(seed))


def followed(seed: int) -> Plan:
    """A shorter run of them, for what is around the engine: its own doubts need longer to end.

    Power fails more often in it, and what is followed may not be durable for seconds.
    """
    return mixed(seed)._replace(
        seconds=60, quiet_seconds=30, crashes=(0, 3)[seed % 2], slow_disk=(0.05, 0.5)[seed // 2 % 2]
    )


def ailing_of(seed: int) -> Ailing:
    """The same of the database and the service that copies there."""
    draw = Random(f"{seed} ailing")  # noqa: S311  drawn apart: the engine's world is the same
    chance: list[Any] = [draw.choice((0.0, 0.0, 0.01, 0.1)) for _ in range(4)]
    late_s = draw.choice((0.02, 0.02, 2.0))
    trouble = Trouble(late_s, *chance)._replace(
        outages=draw.choice((0, 1, 3)), outage_s=draw.choice((10.0, 120.0))
    )
    return Ailing(trouble, kills=draw.choice((0, 1, 3)))


def trial(seed: int, native: Any, plan: Plan | None = None) -> Outcome:
    """Run one seed to its rest; AssertionError when the journal does not even replay."""
    world = World(seed, plan or plan_of(seed), native)
    try:
        world.run()
        return outcome_of(world, seed)
    finally:
        world.close()


def outcome_of(world: World, seed: int) -> Outcome:
    """What came of a run."""
    journal, around, trace = journal_of(world), list[str](), list[tuple[int, str]]()
    if world.service:
        around, trace = problems_of(world.service), world.service.server.trace
        if journal != undisturbed(seed, world.native, world.plan):
            around.append("the engine decides otherwise where nobody follows it")
    told = digest_of_bytes(repr(trace).encode()).hex()
    return Outcome(seed, world.plan, audit(world), tuple(around), journal, told)


def journal_of(world: World) -> str:
    """SHA-256 of all that is in it."""
    return digest_of_bytes(b"".join(world.disk.records)).hex()


def undisturbed(seed: int, native: Any, plan: Plan) -> str:
    """The journal of the same world where nobody follows it."""
    alone = World(seed, plan._replace(ailing=None), native)
    alone.run()
    return journal_of(alone)
