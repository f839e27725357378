"""Does a whole engine keep every coin and every order while everything around it fails?"""

import pytest

from engine import accounting
from engine.core import PlainCore
from engine.execution import portfolio
from engine.loop import Loop
from engine.messages import FEE_STEP
from engine.venues.asking import SUBMIT, Terms
from engine.venues.outside import Outside
from validators.simulation import world
from validators.simulation.exchange import MIXED, OTHER, QUOTE, RECEIVED, Faults
from validators.simulation.trial import plan_of, trial
from validators.simulation.world import Plan

SECOND = 1_000_000_000
HASTY = Terms(answer_ns=SECOND // 5, settle_ns=SECOND, reconcile_ns=20 * SECOND)
DEAF = Plan(Faults(submit_silent=1.0, stream_lost=1.0, delay_s=0.05), terms=HASTY)
NOISY = Plan(
    Faults(stream_twice=0.5, answer_lost=0.05, expires=0.05, stream_delay_s=20.0, parts=60),
    crashes=2,
)
MUTANTS = 25  # seeds in which a mutant must be found


@pytest.mark.parametrize("seed", range(50))
def test_an_engine_comes_through(native, seed):
    """Money as at the exchange, orders as there, nothing unknown, and the journal replays."""
    outcome = trial(seed, native)

    assert outcome.audit.problems == ()
    assert outcome.audit.corrections == 0  # every difference had its trade
    assert outcome.audit.orders > 0


@pytest.mark.long
def test_an_engine_comes_through_a_thousand_worlds(native):
    """The same, 1,000 seeds; the first that fails is named."""
    failed = [seed for seed in range(1_000) if trial(seed, native).audit.problems]

    assert failed == []


def test_a_seed_is_the_same_run_again(native):
    """Same seed, same journal, byte for byte; another seed, another one."""
    first, again, other = (trial(seed, native).journal for seed in (7, 7, 8))

    assert first == again != other


def test_the_plain_core_lives_the_same_run(native):
    """Compiled or not: the same journal."""
    assert trial(3, None).journal == trial(3, native).journal


@pytest.mark.parametrize(
    ("seconds", "least"), [(300, 40), pytest.param(72_000, 10_000, marks=pytest.mark.long)]
)
def test_submits_with_unknown_outcome_are_resolved_and_never_repeated(native, seconds, least):
    """No answer to any order, and no word on the stream: asked for until it is known."""
    outcome = trial(1, native, DEAF._replace(seconds=seconds))

    assert outcome.audit.problems == ()
    assert outcome.audit.unknown >= least


@pytest.mark.parametrize(
    ("seconds", "least"), [(120, 1_000), pytest.param(15_000, 100_000, marks=pytest.mark.long)]
)
def test_the_position_is_the_sum_of_distinct_fills(native, seconds, least):
    """In many parts, late, twice, in any order, around a crash, of orders that end meanwhile."""
    outcome = trial(2, native, NOISY._replace(seconds=seconds))

    assert outcome.audit.problems == ()
    assert outcome.audit.fills >= least
    assert outcome.audit.told_twice > 0


@pytest.mark.parametrize("fees", [QUOTE, RECEIVED, OTHER, MIXED])
def test_fees_of_every_kind_are_counted_to_the_last_unit(native, fees):
    """Each asset as at the exchange: nothing is corrected, for every difference has its fill."""
    outcome = trial(2, native, NOISY._replace(seconds=120, fees=fees))

    assert outcome.audit.problems == ()
    assert outcome.audit.corrections == 0
    assert outcome.audit.fills >= 500


def resend(monkeypatch):
    """Silence is answered by sending the order once more."""
    honest = Outside._unanswered

    def repeat(self, request, answer):
        if request.verb == SUBMIT and request.order_id in self.orders:
            self._ask(SUBMIT, request.order_id, request.symbol, request.record)
        return honest(self, request, answer)

    monkeypatch.setattr(Outside, "_unanswered", repeat)


def send_early(monkeypatch):
    """Orders leave before their cause is durable."""

    def release(self):
        while self.waiting:
            self.venue.send(self.waiting.popleft()[1])

    monkeypatch.setattr(Loop, "release", release)


def forget_late_trades(monkeypatch):
    """A canceled order ends at once, whatever it is said to have traded."""
    honest = Outside._settle

    def settle(self, order_id):
        if order_id in self.orders:
            self.orders[order_id].reported = self.orders[order_id].filled
        return honest(self, order_id)

    monkeypatch.setattr(Outside, "_settle", settle)


def say_nothing(monkeypatch):
    """An order without an answer is not called unknown."""
    monkeypatch.setattr(Outside, "_doubt", lambda *_: [])


def believe_at_once(monkeypatch):
    """The first "no such order" is believed."""
    honest = Outside._miss

    def miss(self, order):
        order.sent_ns, order.absent = -self.terms.settle_ns, self.terms.absent_times
        return honest(self, order)

    monkeypatch.setattr(Outside, "_miss", miss)


def count_repeated_fills(monkeypatch):
    """Every fill told is taken for a new one; in the plain core, where that can be changed."""
    monkeypatch.setattr("engine.accounting.is_repeated", lambda *_: False)
    monkeypatch.setattr(world, "core_of", lambda _native: PlainCore())


def take_every_fee_from_quote(monkeypatch):
    """What a fill's flags say of its fee is not read."""
    honest = portfolio.weigh_fee
    monkeypatch.setattr(
        accounting,
        "weigh_fee",
        lambda fee, flags, *rest: honest(fee, flags % FEE_STEP, *rest),
    )
    monkeypatch.setattr(world, "core_of", lambda _native: PlainCore())


def lose_what_is_below_a_lot(monkeypatch):
    """Of a fee in base whole lots are taken, and no more."""
    honest = portfolio.carry_dust

    def carry(position, instrument):
        honest(position, instrument)
        position.dust_e8 = 0

    monkeypatch.setattr(portfolio, "carry_dust", carry)
    monkeypatch.setattr(world, "core_of", lambda _native: PlainCore())


@pytest.mark.parametrize(
    "mutate",
    [
        *(resend, send_early, forget_late_trades, say_nothing, believe_at_once),
        *(count_repeated_fills, take_every_fee_from_quote, lose_what_is_below_a_lot),
    ],
)
def test_the_auditor_finds_an_engine_that_is_not_honest(native, monkeypatch, mutate):
    """Each mutant is caught, or the runs above would prove nothing."""
    mutate(monkeypatch)

    assert any(is_found(seed, native) for seed in range(MUTANTS))


def is_found(seed: int, native: object) -> bool:
    """Whether this seed's run shows that something is wrong.

    In every second one orders go without an answer, questions are answered too early, and the
    stream says half of it: who believes too soon is found there.
    """
    plan = plan_of(seed)
    if seed % 2:
        worse = plan.faults._replace(submit_silent=0.5, stale=0.3, stream_lost=0.5)
        plan = plan._replace(faults=worse)
    try:
        found = trial(seed, native, plan).audit
    except AssertionError:
        return True
    return bool(found.problems or found.corrections)
