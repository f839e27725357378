"""Is a journal of other code read by its words, not by numbers that meant something else there?"""

import pytest

from engine.core import PlainCore
from engine.errors import Refused
from engine.journal.folded import NUMBERS, Folding
from engine.messages import PARAMETER_NAME, OrderDenied, ParameterChanged, encode, texts_of
from engine.profile import parts_of
from tests.builders import QUICK, START, opening

TOLD = 1 << 62


def changed(key: str, number: int, value: float) -> bytes:
    """A profile key set, as an engine journals it that numbers its keys in its own way."""
    name = texts_of(key, PARAMETER_NAME, received_ns=START)
    record = encode(ParameterChanged(0, START, START, number, *parts_of(value)))
    return b"".join([*name, record])


def test_a_key_is_known_by_its_name():
    """Its number was another one there."""
    core = PlainCore()
    wrong = NUMBERS["sizing.fraction"]

    Folding(core, TOLD).take(0, changed("risk.position_max", wrong, 0.25))

    assert core.state.parameters.risk.position_max == 0.25
    assert core.state.parameters.sizing.fraction == 0.0


def test_a_key_that_is_no_more_changes_nothing():
    """It set something that this code does not have."""
    core, untouched = PlainCore(), PlainCore()

    Folding(core, TOLD).take(0, changed("risk.moon_phase", 3, 0.25))

    assert core.image() == untouched.image()


def test_a_name_may_end_one_chunk_and_its_value_begin_the_next():
    """Chunks are cut anywhere."""
    core, raw = PlainCore(), changed("risk.position_max", 0, 0.25)
    folding = Folding(core, TOLD)

    folding.take(0, raw[:64])
    folding.take(1, raw[64:])

    assert core.state.parameters.risk.position_max == 0.25


def test_of_our_own_code_every_outcome_is_compared():
    """A number is ours there, and what was recorded must be what is decided."""
    core, records = PlainCore(), opening(*QUICK)
    forged = encode(OrderDenied(0, START, START, 3, 10, 0, 0, 0))

    with pytest.raises(Refused, match=f"does not replay: record {len(records)} "):
        Folding(core).take(0, b"".join([*records, forged]))
