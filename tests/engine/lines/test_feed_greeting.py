"""Is a greeting of the local feed understood, and what is none refused?"""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.lines.hello import COLUMNS, Hello, hello_in, packed, unpacked
from tests.builders import ETHER

ROW = list(ETHER[:COLUMNS])
TOLD = {"protocol": 1, "label": "x", "is_simulated": False, "instruments": [ROW]}


@pytest.mark.parametrize(
    "told",
    [
        {},
        TOLD | {"protocol": 2},
        TOLD | {"label": 7},
        TOLD | {"is_simulated": "no"},
        TOLD | {"instruments": []},
        TOLD | {"instruments": [ROW] * 65},
        TOLD | {"instruments": [ROW, ROW]},
        TOLD | {"instruments": [ROW[:-1]]},
        TOLD | {"instruments": [["ETH/USDT", *ROW[1:]]]},
        TOLD | {"instruments": [[*ROW[:-1], 1.5]]},
        TOLD | {"instruments": [[*ROW[:-1], True]]},
        TOLD | {"instruments": [[*ROW[:-1], -1]]},
        TOLD | {"instruments": [[*ROW[:-1], 1 << 62]]},
        TOLD | {"instruments": ["row"]},
    ],
)
def test_a_greeting_that_says_too_little_is_refused(told):
    """In two lines, each way it can be wrong."""
    with pytest.raises(Refused) as refused:
        hello_in(told)

    assert len(str(refused.value).splitlines()) == 2


def test_a_whole_greeting_is_taken():
    """As the one before was, but for what was wrong with it."""
    assert hello_in(TOLD) == Hello("x", is_simulated=False, instruments=(ETHER,))


@pytest.mark.parametrize("raw", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"\x04\x00\x00\x00null"])
def test_what_is_no_greeting_is_refused(raw):
    """Whatever else may connect here."""
    with pytest.raises(Refused, match="no greeting"):
        unpacked(raw)


def test_a_deep_greeting_is_refused():
    """Not a crash of the parser."""
    deep = b"[" * 20_000

    with pytest.raises(Refused, match="no greeting"):
        unpacked(len(deep).to_bytes(4, "little") + deep)
    assert unpacked(packed({"a": 1})[:-1]) is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(TOLD)), ANYTHING)
def test_whatever_is_told_is_a_greeting_or_refused(name, told):
    """No feeder can bring the engine down with words."""
    with suppress(Refused):
        assert hello_in(TOLD | {name: told}).instruments
