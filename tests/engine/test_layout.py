"""Do dtype, plain objects, views and packed bytes tell one block in one way?"""

import random
from typing import Any

import pytest

from engine.layout import (
    F,
    I,
    Parameter,
    View,
    block,
    bytes_of,
    dtype_of,
    fill,
    fresh,
    kind_of,
    leaves,
    shape_of,
    size_of,
    values,
)
from engine.messages import RECORD
from engine.simulation import SPAN
from engine.state import STATE, SYMBOL

SAMPLE = block(
    count=I,
    share=F,
    period=Parameter(I, 14, 2, 200, "bars", "Kept."),
    ring=(F, 3),
    inner=block(kind="u1", flags="u1", symbol="u2", check="u4"),
    rows=(block(id=I, parts=(block(x=F), 2)), 2),
)
BLOCKS = {"sample": SAMPLE, "record": RECORD, "span": SPAN, "symbol": SYMBOL, "state": STATE}


def filled(declared: Any, seed: int) -> Any:
    """A plain object with another number in every field."""
    draw = random.Random(seed)
    made = fresh(declared)
    sizes = {"d": None, "q": 1 << 62, "I": 1 << 32, "H": 1 << 16, "B": 1 << 8}
    drawn = [
        draw.uniform(-1e9, 1e9) if code == "d" else draw.randrange(sizes[code] or 1)
        for code in leaves(declared)
    ]
    import struct

    fill(declared, made, struct.pack("<" + "".join(leaves(declared)), *drawn))
    return made


def through_view(declared: Any, view: Any) -> list[Any]:
    """Every number of a view, in the order of declaration."""
    found = []
    for name, field in declared.items():
        element, count = shape_of(field)
        for one in getattr(view, name) if count else (getattr(view, name),):
            found += through_view(element, one) if isinstance(element, dict) else [one]
    return found


def from_array(declared: Any, row: Any) -> list[Any]:
    """Every number of a numpy row, in the order of declaration."""
    found = []
    for name, field in declared.items():
        element, count = shape_of(field)
        for one in row[name] if count else (row[name],):
            found += from_array(element, one) if isinstance(element, dict) else [one.item()]
    return found


@pytest.mark.parametrize("name", BLOCKS)
def test_all_four_ways_to_read_a_block_agree(name):
    """The same bytes, the same numbers: written plain, read as view and as dtype, and back."""
    numpy = pytest.importorskip("numpy")
    declared = BLOCKS[name]
    plain = filled(declared, 3)

    raw = bytes_of(declared, plain)
    told = list(values(declared, plain))
    again = fresh(declared)
    fill(declared, again, raw)

    assert len(raw) == size_of(declared) == dtype_of(declared).itemsize
    assert through_view(declared, View(declared, bytearray(raw))) == told
    assert from_array(declared, numpy.frombuffer(raw, dtype_of(declared))[0]) == told
    assert list(values(declared, again)) == told


def test_a_fresh_block_is_zero_of_its_kinds():
    """Whole numbers are int, the others float: nothing is left undecided."""
    plain = fresh(SAMPLE)

    assert bytes_of(SAMPLE, plain) == bytes(size_of(SAMPLE))
    assert plain.ring == [0.0, 0.0, 0.0]
    assert (type(plain.count), type(plain.share)) == (int, float)
    assert plain.rows[0] is not plain.rows[1]


def test_a_view_stays_true_while_the_buffer_changes():
    """It reads the place, not a copy."""
    buffer = bytearray(size_of(SAMPLE))
    view = View(SAMPLE, buffer)
    rows = view.rows
    plain = filled(SAMPLE, 9)

    buffer[:] = bytes_of(SAMPLE, plain)

    assert rows[1].parts[0].x == plain.rows[1].parts[0].x
    assert view.period == plain.period


def test_a_name_that_was_not_declared_is_refused():
    """A misspelt field is an error, not a zero."""
    view = View(SAMPLE, bytearray(size_of(SAMPLE)))

    with pytest.raises(AttributeError):
        _ = view.cuont
    with pytest.raises(AttributeError):
        _ = view._hidden


def test_a_parameter_is_a_number_with_words():
    """In memory only the number lies."""
    assert kind_of(SAMPLE["period"]) == I
    assert size_of(SAMPLE["period"]) == 8


@pytest.mark.parametrize("change", ["renamed", "moved", "widened"])
def test_another_declaration_is_another_layout(change):
    """What the digest of the layout is made of shows each change."""
    other = dict(SAMPLE)
    if change == "renamed":
        other = {("amount" if key == "count" else key): field for key, field in other.items()}
    elif change == "moved":
        other = dict(reversed(other.items()))
    else:
        other["ring"] = (F, 4)

    assert repr(other) != repr(SAMPLE)
