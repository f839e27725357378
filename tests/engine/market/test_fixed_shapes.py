"""Does a shape read what JSON reads, and nothing else?"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market import listening
from engine.market.book import Update
from engine.market.exchange_lines import NOTHING_SAID, understood
from engine.market.fixed_shapes import ticker_in, trade_in, update_in
from engine.market.listening import Listener
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.timing import Timing
from tests.engine.market.played import ETH, recording

TICKER = (
    b'{"stream":"ethusdt@bookTicker","data":{"u":35346513501,"s":"ETHUSDT","b":"2683.80000000",'
    b'"B":"3.02920000","a":"2683.81000000","A":"31.43950000"}}'
)
TRADE = (
    b'{"stream":"ethusdt@trade","data":{"e":"trade","E":1723161255612,"s":"ETHUSDT","t":1520538925,'
    b'"p":"2683.80000000","q":"0.00200000","T":1723161255611,"m":true,"M":true}}'
)
HEARD_NS = 1_723_161_254_000_000_000


def unwrapped(text: bytes) -> bytes:
    """The same on a raw line."""
    return text.partition(b'"data":')[2][:-1]


def fresh() -> Listener:
    """A listener that heard nothing yet."""
    refused = Refusals()
    return Listener({"ETHUSDT": SymbolFeed(3, ETH, refused)}, Timing(), refused)


def both_ways(text: bytes) -> tuple[bytes, bytes | None]:
    """The records by shape (or whatever follows), and by JSON alone; None if that reads none."""
    quick, slow = fresh(), fresh()
    by_shape = quick.hear(text, HEARD_NS)
    try:
        said = understood(json.loads(text.decode()), "", HEARD_NS)
    except NOTHING_SAID:
        return by_shape, None
    feed = slow.feeds.get(said.symbol) if said else None
    return by_shape, slow._told(feed, said) if feed and said else b""


def test_every_recorded_message_is_read_the_same_both_ways(shared):
    """24,077 best prices and 6,106 trades; each of them has the shape."""
    texts = [text for _, text in recording(shared)]
    tickers = [text for text in texts if b"@bookTicker" in text]
    trades = [text for text in texts if b"@trade" in text]

    assert all(ticker_in(text) for text in tickers)
    assert all(trade_in(text) for text in trades)
    differ = [text for text in tickers + trades if len(set(both_ways(text))) > 1]
    assert (len(tickers), len(trades), differ) == (24_077, 6_106, [])


@pytest.mark.parametrize("text", [TICKER, TRADE, unwrapped(TICKER), unwrapped(TRADE)])
def test_wrapped_or_not_it_is_read_by_its_shape(text):
    """A combined line names the stream, a raw one does not; the record is one."""
    by_shape, by_json = both_ways(text)

    assert ticker_in(text) or trade_in(text)
    assert by_shape == by_json != b""
    assert len(by_shape) == 64


@settings(max_examples=3_000, deadline=None)
@given(
    text=st.sampled_from([TICKER, TRADE, unwrapped(TICKER), unwrapped(TRADE)]),
    place=st.integers(0, 200),
    cut=st.integers(0, 3),
    put=st.sampled_from(
        [b"", b"0", b"00", b"9", b"-", b"+", b"_", b".", b'"', b"}", b"{", b",", b" ", b"e1", b"\\",
         b"t", b"false", b"null", b"\n", b"\xc2\xb2", b"\xd9\xa1", b'"x":1,', b"1" * 19, b"\xff"]
    ),
)  # fmt: skip
def test_whatever_differs_is_read_as_json_reads_it(text, place, cut, put):
    """A message changed anywhere gives JSON's record, or none where JSON finds none."""
    changed = text[:place] + put + text[place + cut :]

    by_shape, by_json = both_ways(changed)

    assert by_shape == (by_json or b"")
    if by_json is None:
        assert not ticker_in(changed)
        assert not trade_in(changed)


UPDATE = (
    b'{"stream":"ethusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255308,"s":"ETHUSDT",'
    b'"U":35346513499,"u":35346513505,"b":[["2683.80000000","3.02920000"],["2679.00000000",'
    b'"0.00000000"]],"a":[]}}'
)


def update_both_ways(text: bytes) -> tuple[object, object]:
    """The update that waits in the book by shape (or what follows), and by JSON alone."""
    one = fresh()
    one.hear(text, HEARD_NS)
    waiting = list(one.keepers["ETHUSDT"].book.waiting)
    times = [took for _, took in one.timing.least]
    try:
        said = understood(json.loads(text.decode()), "", HEARD_NS)
    except NOTHING_SAID:
        return (waiting, times), ([], [])
    if said is None or said.symbol != "ETHUSDT" or not isinstance(said.said, Update):
        return (waiting, times), ([], times)
    return (waiting, times), ([said.said], [HEARD_NS - said.time_ns])


def test_every_recorded_update_is_read_the_same_both_ways(shared):
    """All 3,434 have the shape."""
    updates = [text for _, text in recording(shared) if b"depthUpdate" in text]

    assert len(updates) == 3_434
    assert all(update_in(text) for text in updates)
    assert all(one == other for one, other in map(update_both_ways, updates))


@settings(max_examples=1_500, deadline=None)
@given(
    text=st.sampled_from([UPDATE, unwrapped(UPDATE)]),
    place=st.integers(0, 280),
    cut=st.integers(0, 3),
    put=st.sampled_from(
        [b"", b"0", b"9", b"-", b".", b'"', b"}", b"]", b"[", b",", b" ", b'["1.00000000","2"],',
         b'["1.00000000","2.00000000"],', b',["1.00000000","2.00000000"]', b'"pu":3,', b"_"]
    ),
)  # fmt: skip
def test_an_update_that_differs_is_read_as_json_reads_it(text, place, cut, put):
    """Changed anywhere."""
    one, other = update_both_ways(text[:place] + put + text[place + cut :])

    assert one == other


def test_a_shape_that_is_not_known_costs_time_only(monkeypatch):
    """Without the patterns every record is the same."""
    expected = [fresh().hear(text, HEARD_NS) for text in (TICKER, TRADE)]
    monkeypatch.setattr(listening, "ticker_in", lambda _: None)
    monkeypatch.setattr(listening, "trade_in", lambda _: None)

    assert [fresh().hear(text, HEARD_NS) for text in (TICKER, TRADE)] == expected
