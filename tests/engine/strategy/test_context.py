"""Does what slow sources say count while it is fresh, and change nothing where nobody spoke?"""

from typing import Any

import pytest

from engine.core import CompiledCore, PlainCore
from engine.messages import ContextUpdated, encode
from engine.preview import context_of, preview
from engine.service.rows import features_of
from engine.strategy.context import DEX, GAS, NAMES, VOTES, WHALES
from tests.builders import E8, PRICE, QUICK, SECOND, Run, opening, with_facts
from tests.random_records import Maker

NEUTRAL = {"gas": 0.0, "votes": 0.5, "whales": 0.0, "dex": 0.0}


def tell(run: Run, number: int, value_e8: int, source_ns: int | None = None) -> list[Any]:
    """A source's word, as of now or of another time."""
    time_ns = run.now_ns if source_ns is None else source_ns
    return run.feed(ContextUpdated(0, time_ns, run.now_ns, number, value_e8))


def seen(run: Run, name: str) -> tuple[float, int, int]:
    """Value, age in whole seconds and whether it is fresh, at the newest decision."""
    row = getattr(run.state.context, name)
    return row.value, row.age_ns // SECOND, row.fresh


def test_each_value_has_its_number_and_its_name():
    """What is written into the journal is read back as the same."""
    assert tuple(range(len(NAMES))) == (GAS, VOTES, WHALES, DEX)
    run = Run(*QUICK)
    for number in range(len(NAMES)):
        tell(run, number, (number + 1) * E8)
    run.warm_up()

    values = [getattr(run.state.context, name).told for name in NAMES]
    assert values == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_counts_until_its_bound_and_then_says_nothing(name):
    """It is neutral and flagged then; one more word, and it counts again."""
    run = Run(*QUICK, f"context.{name}_seconds=120")
    run.bar(PRICE)
    tell(run, NAMES.index(name), 7 * E8)
    found = []
    for _ in range(3):
        run.bar(PRICE)
        found.append(seen(run, name))
    tell(run, NAMES.index(name), 8 * E8)
    run.bar(PRICE)

    assert found == [(7.0, 60, 1), (7.0, 120, 1), (NEUTRAL[name], 180, 0)]
    assert seen(run, name) == (8.0, 60, 1)


def test_a_value_is_as_old_as_its_source_says_and_no_younger_than_its_arrival():
    """A source may repeat what it said long ago, and its clock may run ahead."""
    run = Run(*QUICK, "context.gas_seconds=300")
    run.bar(PRICE)
    tell(run, GAS, E8, run.now_ns - 290 * SECOND)
    tell(run, VOTES, E8, run.now_ns + 3_600 * SECOND)
    run.bar(PRICE)

    assert seen(run, "gas") == (0.0, 350, 0)
    assert seen(run, "votes") == (1.0, 60, 1)


def test_a_word_on_something_unknown_is_passed_over():
    """A later version may know more."""
    run = Run(*QUICK)
    tell(run, len(NAMES), E8)
    tell(run, -1, E8)

    assert all(getattr(run.state.context, name).updates == 0 for name in NAMES)


def test_without_a_word_every_value_is_neutral_and_shown_nowhere():
    """The features of a decision are what they always were."""
    run = Run(*QUICK)
    run.warm_up()

    assert {name: seen(run, name) for name in NAMES} == {
        name: (value, 0, 0) for name, value in NEUTRAL.items()
    }
    assert context_of(run.state) == {}
    assert not [name for name in features_of(run.state, 0) if name.startswith("context")]


def test_what_is_decided_is_the_same_with_and_without_words():
    """They lie beside the decision: commands, fills and denials are equal, and so is the rest."""
    told, untold = PlainCore(), PlainCore()
    maker = Maker(5, 2, honest=True)
    for record in maker.opening():
        assert with_facts(told, record) == with_facts(untold, record)
    for number in range(600):
        record = maker.record(untold)
        if number % 7 == 0:
            stamp = (0, maker.now_ns, int(untold.state.clock.now_ns))
            assert with_facts(told, encode(ContextUpdated(*stamp, number % 4, number * E8))) == []
        assert with_facts(told, record) == with_facts(untold, record)

    assert untold.state.account.fills > 0
    assert told.state.context.gas.updates > 0


def test_a_decision_tells_what_was_said_around_it():
    """With its age; in the tables of the service and in the preview of the next one."""
    run = Run(*QUICK)
    run.bar(PRICE)
    tell(run, VOTES, 61_000_000)
    run.warm_up()

    found = features_of(run.state, 0)
    shown = preview(run.core.image(), 0, "ETHUSDT").context
    assert found["context votes"] == shown["votes"] == 0.61
    assert found["context votes_age_s"] == shown["votes_age_s"] == 360.0
    assert found["context votes_fresh"] == shown["votes_fresh"] == 1.0
    assert "gas" not in shown


def test_compiled_code_hears_them_alike(native):
    """Extreme times and values among them: the same bytes of state."""
    compiled, plain = CompiledCore(native), PlainCore()
    for record in opening(*QUICK):
        assert compiled.process(record) == plain.process(record)
    maker = Maker(3, 1, honest=True)
    maker.core = plain
    for _ in range(400):
        for message in (maker.context(0), maker.bar(0)):
            assert compiled.process(encode(message)) == plain.process(encode(message))
        maker.now_ns += 60 * SECOND

    assert compiled.image() == plain.image()
