"""Do the tables hold each row of a journal once while the service and its database fail?"""

import pytest

from engine.resilience.breaker import HALF_OPEN, Breaker
from engine.resilience.bulkhead import Line
from engine.resilience.pool import Pool
from engine.service import copying
from engine.service.alerts import Alerts
from engine.service.tables import Tables
from validators.simulation.database import Trouble
from validators.simulation.service import Ailing
from validators.simulation.trial import followed, mixed, trial

MUTANTS = 25  # seeds in which a mutant must be found
TROUBLE = Trouble(0.3, 0.02, 0.05, 0.1, 0.1, outages=2, outage_s=30.0)
EVERYTHING = followed(0)._replace(
    crashes=3, slow_disk=0.5, ailing=Ailing(TROUBLE, kills=1)
)  # at once, so that it is found soon


@pytest.mark.parametrize("seed", range(50))
def test_a_service_comes_through(native, seed):
    """Each row once, here and in the database; nobody forgotten; the engine notices nothing."""
    outcome = trial(seed, native, followed(seed))

    assert outcome.around == ()


@pytest.mark.parametrize("seeds", [3, pytest.param(100, marks=pytest.mark.long)])
def test_a_service_comes_through_everything_at_once(native, seeds):
    """What the services that are not honest are tried with."""
    assert [one for one in range(seeds) if trial(one, native, EVERYTHING).around] == []


@pytest.mark.long
def test_engine_and_service_come_through_a_thousand_worlds(native):
    """Both at full length, 1,000 seeds; the first that fail are named."""
    outcomes = (trial(seed, native, mixed(seed)) for seed in range(1_000))
    failed = [one.seed for one in outcomes if one.audit.problems or one.around]

    assert failed == []


def test_a_seed_is_the_same_run_again_around_the_engine_too(native):
    """Same seed, same journal and same trace of all that happened; another seed, other ones."""
    first, again, other = (trial(seed, native, followed(seed)) for seed in (9, 9, 10))

    assert (first.journal, first.trace) == (again.journal, again.trace)
    assert first.trace != other.trace


class Stubborn:
    """A connection whose copier goes by what it remembers, not by what it is told."""

    def __init__(self, there, known, *, believes):
        self._there, self._known, self._believes = there, known, believes

    def __getattr__(self, name):
        return getattr(self._there, name)

    async def begin(self):
        """The cursor of its memory."""
        at = await self._there.begin()
        return self._known.get(at.life, at)

    async def commit(self, after):
        """Remembered before or after the answer."""
        if self._believes:
            self._known[after.life] = after
        await self._there.commit(after)
        self._known[after.life] = after


def remember(monkeypatch, *, believes):
    """The copier asks nobody how far it went."""
    honest = copying.copy
    known: dict[str, copying.Cursor] = {}
    monkeypatch.setattr(
        copying, "copy", lambda ask, there: honest(ask, Stubborn(there, known, believes=believes))
    )


def repeat_a_batch(monkeypatch):
    """A commit without an answer is taken for one that was not done."""
    remember(monkeypatch, believes=False)


def leave_a_batch_out(monkeypatch):
    """A commit without an answer is taken for one that was done."""
    remember(monkeypatch, believes=True)


def keep_rows_of_a_lost_life(monkeypatch):
    """What was copied is taken for what the tables hold, though a power cut took that."""

    async def shared(_ask, at):
        return at.sequence, at.errors

    monkeypatch.setattr(copying, "shared", shared)


def follow_another_journal(monkeypatch):
    """The check sum of what the tables were made of is not looked at."""
    honest = Tables.take
    monkeypatch.setattr(
        Tables, "take", lambda self, fold, chunk: honest(self, fold, chunk, is_bare=True)
    )


def leak_a_place(monkeypatch):
    """The connection of a caller who gave up is nobody's, and counts."""
    honest = Pool.give_back
    monkeypatch.setattr(
        Pool,
        "give_back",
        lambda self, number, now_ns, *, sound=True: honest(self, number, now_ns) if sound else [],
    )


def forget_who_waits(monkeypatch):
    """Nobody's patience ends."""
    monkeypatch.setattr(Line, "late", lambda *_: [])


def probe_at_will(monkeypatch):
    """In half-open everybody is let in."""
    honest = Breaker.permit
    monkeypatch.setattr(
        Breaker,
        "permit",
        lambda self: self._period if self.state is HALF_OPEN else honest(self),
    )


def leave_incidents_open(monkeypatch):
    """Health closes nothing."""
    monkeypatch.setattr(Alerts, "well", lambda *_: None)


@pytest.mark.parametrize(
    "mutate",
    [
        *(repeat_a_batch, leave_a_batch_out, keep_rows_of_a_lost_life, follow_another_journal),
        *(leak_a_place, forget_who_waits, probe_at_will, leave_incidents_open),
    ],
)
def test_the_auditor_finds_a_service_that_is_not_honest(native, monkeypatch, mutate):
    """Each mutant is caught, or the runs above would prove nothing."""
    mutate(monkeypatch)

    assert any(trial(seed, native, EVERYTHING).around for seed in range(MUTANTS))
