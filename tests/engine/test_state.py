"""Is the one block of state what the rooms declared, and small enough?"""

import pytest

from engine.core import STATE_SIZE, CompiledCore, PlainCore, digest_of, layout_digest
from engine.execution.fills import FACTS_MAX, RESTING_MAX
from engine.execution.orders import ORDERS_MAX
from engine.layout import Parameter, size_of
from engine.risk.gate import COMMANDS_MAX, REASONS, REASONS_MAX
from engine.simulation import YIELD_MAX
from engine.state import KEYS, STATE, SYMBOL, SYMBOLS_MAX, parameters_of
from tests.builders import opening, with_facts
from tests.random_records import Maker

SYMBOL_BYTES_MAX = 16 * 1024


def test_a_symbol_fits_in_its_budget(capsys):
    """Windows over 256 points are summaries: 64 symbols stay within a megabyte."""
    with capsys.disabled():
        print(f"\n{size_of(SYMBOL):,} bytes a symbol, {STATE_SIZE:,} bytes of state")

    assert size_of(SYMBOL) < SYMBOL_BYTES_MAX
    assert STATE_SIZE < SYMBOLS_MAX * SYMBOL_BYTES_MAX


def test_bounds_allow_for_each_other():
    """What one part may cause at once, the next one can hold."""
    assert RESTING_MAX == 2 * ORDERS_MAX  # each order and its cancel
    assert FACTS_MAX == 2 * RESTING_MAX  # what a request can cause in one event
    assert YIELD_MAX == (FACTS_MAX + 1) * (COMMANDS_MAX + 1)
    assert max(REASONS) < REASONS_MAX


def test_every_profile_key_has_its_own_place():
    """Keys are numbered by their order in the block; each is found once."""
    assert list(parameters_of(STATE["parameters"])) == list(KEYS)
    assert all(isinstance(row, Parameter) for row in KEYS.values())
    assert size_of(STATE["parameters"]) == 8 * len(KEYS)


def test_the_layout_has_a_digest():
    """32 bytes that a journal's header keeps."""
    assert len(layout_digest()) == 32


@pytest.mark.parametrize("kind", ["plain", "compiled"])
def test_an_image_restores_the_engine(kind, request):
    """A core set to another's image goes on exactly like it."""
    make = PlainCore if kind == "plain" else lambda: CompiledCore(request.getfixturevalue("native"))
    first, second, maker = make(), make(), Maker(21, 3, honest=True)
    for record in maker.opening():
        with_facts(first, record)
    for _ in range(300):
        with_facts(first, maker.record(first))

    second.restore(first.image())

    assert digest_of(second) == digest_of(first)
    for _ in range(300):
        record = maker.record(first)
        assert with_facts(second, record) == with_facts(first, record)
    assert second.image() == first.image()


@pytest.mark.parametrize("kind", ["plain", "compiled"])
@pytest.mark.parametrize("wrong", ["length", "kind", "symbol"])
def test_a_record_the_core_does_not_know_is_refused(kind, wrong, request):
    """Compiled code has no bounds checks: the door has them."""
    core = PlainCore() if kind == "plain" else CompiledCore(request.getfixturevalue("native"))
    record = bytearray(opening()[0])
    if wrong == "length":
        record = record[:63]
    elif wrong == "kind":
        record[4] = 128
    else:
        record[6] = SYMBOLS_MAX
    before = core.image()

    for door in (core.process, core.attend):
        with pytest.raises(ValueError, match="not a"):
            door(bytes(record))

    assert core.image() == before
