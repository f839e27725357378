"""Is a recorded sequence read as it was written, and is Belady's answer the best there is?"""

import gzip
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.trace import Outcome, belady, keys_of, next_uses, played
from engine.errors import Refused
from tests.engine.cache.memories import FORMS, made

KEYS = st.lists(st.integers(0, 5), max_size=14)


@pytest.mark.parametrize("packed", [False, True])
def test_a_trace_is_read_plain_or_packed(tmp_path, packed):
    """What it is, its first bytes say, whatever its name."""
    path = tmp_path / "requests"
    text = b"5\n-7\n 12 \n9223372036854775807\n"
    path.write_bytes(gzip.compress(text) if packed else text)

    assert list(keys_of(path)) == [5, -7, 12, (1 << 63) - 1]


@pytest.mark.parametrize(
    "bad", [b"5\nfive\n", b"5\n\n5\n", b"5\n1.5\n", b"5\n9223372036854775808\n"]
)
def test_a_line_that_is_no_key_is_named(tmp_path, bad):
    """The reader can go and look."""
    path = tmp_path / "requests"
    path.write_bytes(bad)

    with pytest.raises(Refused, match="its line 2 holds no integer"):
        keys_of(path)


def test_a_trace_that_cannot_be_read_is_refused(tmp_path):
    """Missing, or cut off within gzip."""
    path = tmp_path / "requests"
    with pytest.raises(Refused, match="cannot be read"):
        keys_of(path)
    path.write_bytes(gzip.compress(b"12345\n" * 1000)[:20])
    with pytest.raises(Refused):
        keys_of(path)
    path.write_bytes(b"")
    assert played(keys_of(path), made("plain")).ratio == 0.0


@pytest.mark.parametrize("form", FORMS)
def test_a_trace_that_fits_misses_each_key_once(form):
    """Then a ratio is what repeats."""
    keys = [1, 2, 3, 1, 2, 3, 3, 3]

    assert played(keys, made(form)) == belady(keys, 3) == Outcome(8, 5)


@given(KEYS)
def test_the_next_use_is_the_next_one(keys):
    """Found by looking ahead, one by one."""
    found = next_uses(keys)

    for at, key in enumerate(keys):
        ahead = [later for later in range(at + 1, len(keys)) if keys[later] == key]
        assert found[at] == (ahead[0] if ahead else len(keys))


@settings(deadline=None)
@given(KEYS, st.integers(1, 3))
def test_nobody_who_takes_what_comes_beats_belady(keys, entries):
    """Compared with every choice there was to make."""

    @cache
    def best(at, held):
        if at == len(keys):
            return 0
        key = keys[at]
        if key in held:
            return 1 + best(at + 1, held)
        if len(held) < entries:
            return best(at + 1, held | {key})
        return max(best(at + 1, held - {gone} | {key}) for gone in held)

    assert belady(keys, entries).hits == best(0, frozenset())


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=50, deadline=None)
@given(keys=st.lists(st.integers(0, 30), max_size=200), entries=st.integers(1, 12))
def test_the_memory_does_not_beat_belady(form, keys, entries):
    """It takes what comes, too."""
    assert played(keys, made(form, entries)).hits <= belady(keys, entries).hits
