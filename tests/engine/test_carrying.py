"""Is an account taken over by its fields' names, wherever other code had them?"""

import zlib
from typing import Any

import pytest

from engine.carrying import carried, described, shape
from engine.core import STATE_SIZE, PlainCore
from engine.errors import Refused
from engine.layout import Block, bytes_of, fresh, shape_of
from engine.state import STATE
from tests.builders import QUICK, Run


def packed(declared: Block) -> bytes:
    """A shape as a snapshot says it."""
    return zlib.compress(repr(described(declared)).encode())


def moved(declared: Block) -> Block:
    """The same fields in another order, with one more in front of each block."""
    made: Block = {"older": "i8"}
    for name, field in reversed(declared.items()):
        element, count = shape_of(field)
        inner = moved(element) if isinstance(element, dict) else element
        made[name] = (inner, count) if count else inner
    return made


def copied(declared: Block, source: Any, target: Any) -> None:
    """The values of one plain object in another of the same names."""
    for name, field in declared.items():
        element, count = shape_of(field)
        if not isinstance(element, dict):
            setattr(target, name, getattr(source, name))
        elif count:
            for one, other in zip(getattr(source, name), getattr(target, name), strict=True):
                copied(element, one, other)
        else:
            copied(element, getattr(source, name), getattr(target, name))


def test_an_account_is_found_by_name():
    """Every field lies elsewhere there; the market's part is left behind."""
    run = Run(*QUICK)
    run.go_long()
    theirs = moved(STATE)
    other = fresh(theirs)
    copied(STATE, run.state, other)

    image = carried(packed(theirs), bytes_of(theirs, other))

    core = PlainCore()
    core.restore(image)
    for name in ("account", "orders", "fills", "remembered", "parameters", "venue", "breakers"):
        here, there = getattr(core.state, name), getattr(run.state, name)
        assert bytes_of(STATE[name], here) == bytes_of(STATE[name], there), name
    assert core.state.symbols[0].position.lots == run.position.lots > 0
    assert core.state.symbols[0].features.indicators.bars == 0


def test_a_field_that_they_did_not_have_is_nothing():
    """As in a fresh state; one of another kind is not taken for ours."""
    account = {"cash_e8": "i8", "drawdown": "i8"}
    theirs = {"account": account}
    other = fresh(theirs)
    other.account.cash_e8, other.account.drawdown = 77, 5

    core = PlainCore()
    core.restore(carried(packed(theirs), bytes_of(theirs, other)))

    assert (core.state.account.cash_e8, core.state.account.drawdown) == (77, 0.0)


def test_our_own_shape_fits_our_own_state():
    """What a snapshot says of itself."""
    assert len(carried(shape(), bytes(STATE_SIZE))) == STATE_SIZE


@pytest.mark.parametrize("told", [b"", b"nothing", zlib.compress(b"7"), packed({"a": "i8"})])
def test_a_shape_that_fits_no_image_is_refused(told):
    """Nothing is guessed of money."""
    with pytest.raises(Refused, match="cannot be read by this code"):
        carried(told, bytes(STATE_SIZE))
