"""Is what comes out of an entry what went in, and everything else a miss?"""

import random
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.cache.keeping_rows import entry_of

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")

from engine.cache.tier import KEY_BYTES_MAX
from engine.cache.values import (
    BODY_AT,
    DAMAGED,
    EXPIRED,
    FOREIGN,
    MISSING,
    OTHER_VERSION,
    REVOKED,
    REVOKED_ONE,
    VERSION_AT,
    VERSION_MAX,
    Codec,
    Entry,
)

AT_MS = 1_700_000_000_000
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.text() | st.binary()
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@dataclass
class Quote:
    """A value with a type of its own."""

    bid: int
    ask: int


class Bar(NamedTuple):
    """Another one."""

    at_ns: int
    closes: list[float]


def held(entry: Entry[Any] | None) -> Any:
    """What an entry holds, which there must be."""
    assert entry is not None
    return entry.value


@given(value=PLAIN, key=st.text(max_size=KEY_BYTES_MAX // 4), version=st.integers(0, VERSION_MAX))
@settings(max_examples=200, deadline=None)
def test_any_value_comes_back_as_it_went(value, key, version):
    """Whatever MessagePack holds; the version lies where a tier looks for it."""
    codec = Codec("any", object)
    entry = entry_of(value, version, AT_MS)

    packed = codec.pack(key, entry)
    found = codec.unpack(key, packed, AT_MS)

    plain = value if not isinstance(value, bytes) else bytes(value)
    assert found == Entry(plain, version, AT_MS + 30_000, AT_MS + 60_000)
    assert int.from_bytes(packed[VERSION_AT : VERSION_AT + 8], "big") == version


@pytest.mark.parametrize("value", [Quote(1, 2), Bar(3, [0.5, 1.5]), {"a": [1, None]}, b"\0\xff"])
def test_typed_values_keep_their_type(value):
    """A dataclass comes back as one, not as a dictionary."""
    codec = Codec[Any]("typed", type(value))

    assert held(codec.unpack("k", codec.pack("k", entry_of(value, at_ms=AT_MS)), AT_MS)) == value


def test_nothing_there_is_not_the_same_as_nothing_known():
    """None is a value; what the source lacks is a mark with a time of its own."""
    codec = Codec("optional", object)
    of_none = codec.pack("k", entry_of(None, at_ms=AT_MS))
    of_missing = codec.pack("k", entry_of(MISSING, at_ms=AT_MS, ttl_ms=5_000))

    assert held(codec.unpack("k", of_none, AT_MS)) is None
    assert held(codec.unpack("k", of_missing, AT_MS)) is MISSING
    assert codec.unpack("k", of_missing, AT_MS + 5_000) is None
    assert codec.counts[EXPIRED] == 1


def test_what_was_revoked_is_a_miss_that_carries_its_version():
    """It stands in the way of older values, and is none itself."""
    codec = Codec("any", object)

    packed = codec.pack("k", entry_of(REVOKED, 9, AT_MS))

    assert codec.unpack("k", packed, AT_MS) is None
    assert codec.counts[REVOKED_ONE] == 1
    assert int.from_bytes(packed[VERSION_AT : VERSION_AT + 8], "big") == 9


def test_every_damaged_bit_is_a_miss():
    """One bit anywhere, or any length cut off: never a value, never an error."""
    codec, draw = Codec("any", object), random.Random(5)
    packed = codec.pack("key", entry_of({"price": 123456789, "sizes": [1.5, 2.5]}, 7, AT_MS))
    broken = [packed[:length] for length in range(len(packed))]
    for bit in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        broken.append(bytes(flipped))
    broken += [draw.randbytes(draw.randrange(200)) for _ in range(500)]

    found = [codec.unpack("key", one, AT_MS) for one in broken]

    assert found == [None] * len(broken)
    assert sum(codec.counts.values()) == len(broken)
    assert codec.counts[DAMAGED] > 8 * (len(packed) - BODY_AT)


def test_an_entry_that_lies_elsewhere_is_a_miss():
    """Under another key or in another namespace its check sum does not hold."""
    codec, neighbour = Codec("quotes", int), Codec("bars", int)
    packed = codec.pack("a", entry_of(5, at_ms=AT_MS))

    assert held(codec.unpack("a", packed, AT_MS)) == 5
    assert codec.unpack("b", packed, AT_MS) is None
    assert neighbour.unpack("a", packed, AT_MS) is None
    assert (codec.counts[DAMAGED], neighbour.counts[DAMAGED]) == (1, 1)


def test_other_versions_and_other_types_are_misses():
    """An older or a newer type, another format, and a value that no longer fits."""
    older, ours = Codec("q", Quote, 1), Codec("q", Quote, 2)
    packed = older.pack("k", entry_of(Quote(1, 2), at_ms=AT_MS))
    other_format = packed[:2] + b"\x07" + packed[3:]
    misfit = Codec[Any]("q", object, 2).pack("k", entry_of({"bid": "high"}, at_ms=AT_MS))

    found = [ours.unpack("k", one, AT_MS) for one in (packed, other_format, misfit, b"{}")]

    assert found == [None] * 4
    assert (ours.counts[OTHER_VERSION], ours.counts[FOREIGN]) == (2, 2)


def test_time_is_carried_upwards_and_never_prolonged():
    """A tier above keeps an entry for its own time, or for what is left of it."""
    entry = entry_of(1, at_ms=AT_MS, ttl_ms=60_000)

    assert entry.left_ms(10_000, AT_MS) == 10_000
    assert entry.left_ms(600_000, AT_MS + 59_000) == 1_000
    assert entry.left_ms(600_000, AT_MS + 61_000) == 0


def test_what_cannot_be_packed_is_our_own_mistake():
    """An object that MessagePack has no word for is refused where it is packed."""
    codec = Codec("any", object)

    with pytest.raises(TypeError):
        codec.pack("k", entry_of(object(), at_ms=AT_MS))
    with pytest.raises(OverflowError):
        codec.pack("k", entry_of(1 << 70, at_ms=AT_MS))
    with pytest.raises(ValueError, match="version"):
        Codec("any", object, 1 << 16)
