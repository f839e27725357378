"""Does every message come back from its record as it was, and in the same bytes?"""

import random
import struct

import pytest

from engine.core import KNOWN_KINDS
from engine.layout import size_of
from engine.messages import (
    CLASSES,
    KINDS,
    OPERATOR,
    PACKED,
    RECORD,
    RECORD_SIZE,
    TEXT,
    Heartbeat,
    OrderFilled,
    decode,
    encode,
    text_of,
    texts_of,
)

EDGES = (0, 1, -1, (1 << 63) - 1, -(1 << 63))


def drawn(kind, draw: random.Random):
    """A message of a class, with numbers from the middle and the edges."""
    numbers = [draw.choice((*EDGES, draw.randrange(-(1 << 62), 1 << 62))) for _ in kind._fields]
    fields = dict(zip(kind._fields, numbers, strict=True))
    return kind(**(fields | {"symbol": draw.randrange(1 << 16), "flags": draw.randrange(256)}))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_message_comes_back_as_it_was(kind):
    """A thousand of each class, the edges of 64 bits among them."""
    draw = random.Random(kind.__name__)
    for _ in range(1_000):
        message = drawn(kind, draw)

        record = encode(message)

        assert len(record) == RECORD_SIZE
        assert decode(record) == message
        assert type(decode(record)) is kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_message_begins_and_ends_alike(kind):
    """Symbol and both times first, flags last with 0 as usual; at most five numbers between."""
    assert kind._fields[:3] == ("symbol", "time_ns", "received_ns")
    assert kind._fields[-1] == "flags"
    assert kind._field_defaults == {"flags": 0}
    assert len(kind._fields) <= 9
    assert kind.__doc__


def test_the_record_is_what_was_declared():
    """The packing that edges use and the block that the core reads are one layout."""
    assert size_of(RECORD) == PACKED.size == RECORD_SIZE
    fill = OrderFilled(3, -5, 7, 11, 13, 17, 19, 23, flags=9)

    assert struct.unpack("<IBBHqqqqqqq", encode(fill)) == (0, 34, 9, 3, -5, 7, 11, 13, 17, 19, 23)


def test_every_kind_has_one_class_and_one_number():
    """Below TEXT they reach the core, which knows no other."""
    assert len(CLASSES) == len(KINDS)
    assert {kind for kind in CLASSES if kind < TEXT} == KNOWN_KINDS
    assert max(CLASSES) < 256


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_another_length_is_no_record(length):
    """Half a record is refused, never read."""
    with pytest.raises((ValueError, struct.error)):
        decode(bytes(length))


def test_an_unknown_kind_is_no_message():
    """What a later version wrote is not taken for something else."""
    record = bytearray(encode(Heartbeat(0, 1, 2, 3)))
    record[4] = 99

    with pytest.raises((ValueError, KeyError)):
        decode(bytes(record))


@pytest.mark.parametrize(
    "text", ["", "a", "ETHUSDT", "x" * 40, "x" * 41, "Grüße aus Köln, " * 9, "\U0001f680" * 30]
)
def test_text_of_any_length_travels_in_records(text):
    """Forty bytes each, whole characters or not: together they are the text."""
    records = texts_of(text, OPERATOR, 2, 77)

    assert text_of(records) == text
    assert all(len(record) == RECORD_SIZE and record[4] == TEXT for record in records)
