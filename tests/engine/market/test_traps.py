"""Is each trap of an exchange's market data seen? One test a trap, named after it."""

import json
import random
from itertools import pairwise

import pytest

from engine.errors import Refused
from engine.market import stream_lines
from engine.market.listening import Listener
from engine.market.stream_lines import OPENED_MAX, SAID_WITHIN_NS, STREAMS_MAX, Lines
from engine.market.symbol_feed import Refusals, SymbolFeed
from engine.market.timing import Timing
from engine.market.wishes import Close, Connect, Say, Wishes
from engine.messages import BOOK_TOP, TRADE_TICK, BarClosed, TradeTick, decode, split
from tests.engine.market.played import (
    ETH,
    MS,
    SECOND,
    START_NS,
    Exchange,
    opened_market,
    recording,
)

DOCS = "exchange_fixtures/binance_docs/web-socket-streams.json"


def listener(name: str = "ETHUSDT") -> Listener:
    """Of one symbol, tick 0.01."""
    refused = Refusals()
    instrument = ETH._replace(name=name)
    return Listener({name: SymbolFeed(0, instrument, refused)}, Timing(), refused)


def said(**body) -> bytes:
    """A message of a raw line."""
    return json.dumps(body).encode()


TRADE = {
    "e": "trade", "E": 1, "s": "ETHUSDT", "t": 7, "p": "2683.80", "q": "0.5",
    "T": 1723161255611, "m": False, "M": True,
}  # fmt: skip


def test_trap_14_depth_sync(shared):
    """Listen, then ask; drop what the snapshot covers; after a gap begin again: always in step."""
    tape = recording(shared)
    rng = random.Random(14)
    starts = sorted(rng.sample(range(1_000, len(tape) - 2_000), 12))
    lost = {at + n for at in starts for n in range(rng.randrange(1, 60))}
    kept = [row for number, row in enumerate(tape) if number not in lost]
    market = opened_market()
    exchange = Exchange(market, kept)
    exchange.remembers = False
    truth = exchange.told.book

    for at_ns, text in tape:  # the exchange itself misses nothing
        exchange.run(at_ns)
        exchange.told.remember(text)
    exchange.run(tape[-1][0] + 12 * SECOND)

    keeper = market.sources[0].listener.keepers["ETHUSDT"]  # type: ignore[attr-defined]
    assert 1 <= keeper.book.gaps <= 12
    assert exchange.asked("/depth") >= keeper.book.gaps
    assert keeper.book.in_step
    assert (keeper.book.last, keeper.book.top) == (truth.last, truth.top)


def test_trap_15_messages_that_do_not_say_what_they_are():
    """A best bid and ask has no `e`; five levels have no symbol and are no book."""
    one = listener()
    ticker = said(u=5, s="ETHUSDT", b="2683.80", B="3", a="2683.81", A="1")
    levels = said(lastUpdateId=9, bids=[["2683.80", "1"]], asks=[["2683.81", "1"]])
    wrapped = said(stream="ethusdt@depth5", data=json.loads(levels))

    assert one.hear(ticker, START_NS)[4] == BOOK_TOP
    assert one.hear(levels, START_NS) == b""
    assert one.hear(wrapped, START_NS) == b""
    assert not one.keepers["ETHUSDT"].book.in_step
    assert one.hear(said(u=6, s="BTCUSDT", b="1", B="1", a="2", A="1"), START_NS) == b""
    assert one.refused["unknown"] == 2


def test_trap_16_a_line_ends_after_a_day(shared, monkeypatch):
    """The next one is open and subscribed before the old one is closed; nothing comes twice."""
    monkeypatch.setattr(stream_lines, "AGE_NS", 10 * SECOND)
    tape = recording(shared)[:6_000]
    market = opened_market()
    exchange = Exchange(market, tape).run(tape[-1][0] + SECOND)

    assert stream_lines.OPENING_NS < (24 * 3_600 * SECOND - 85_800 * SECOND)
    steps = [wish for wish in exchange.wishes if isinstance(wish, Connect | Say | Close)]
    opened = [step.line for step in steps if isinstance(step, Connect)]
    assert len(opened) > 3
    for old, following in pairwise(opened[:-1]):
        order = [type(step) for step in steps if step.line == following or step == Close(old)]
        assert order[:3] == [Connect, Say, Close]
    ids = [decode(record).trade_id for record in exchange.of_kind(TRADE_TICK)]
    assert len(ids) == len(set(ids)) > 500
    assert len(market.choice.switches) == 2


def test_trap_16_a_shutdown_is_told():
    """As a raw and as a combined message."""
    raw = {"e": "serverShutdown", "E": 1770123456789}
    for text in (said(**raw), said(stream="!serverShutdown", data=raw)):
        one = listener()
        assert one.hear(text, START_NS) == b""
        assert list(one.notices) == [raw]


def lines(count: int) -> Lines:
    """So many streams of one line."""
    names = [f"s{number}@trade" for number in range(count)]
    made = Lines("ws://host/stream", names, Wishes(100), lambda: 1.0)
    made.is_wanted = True
    return made


def test_trap_17_five_messages_a_second():
    """Subscriptions of a full line are said one by one, with room for the answers to pings."""
    one = lines(STREAMS_MAX)
    one.tick(START_NS)
    said_at = []
    one.opened(1, START_NS)
    for tenth in range(60):
        one.tick(START_NS + tenth * 100 * MS)
        said_at += [
            START_NS + tenth * 100 * MS for wish in one.wishes.taken() if isinstance(wish, Say)
        ]

    assert len(said_at) == 11
    assert all(later - at >= SAID_WITHIN_NS for at, later in pairwise(said_at))
    assert SAID_WITHIN_NS * 5 > SECOND


def test_trap_17_a_line_has_1024_streams():
    """More are refused before anything is opened."""
    with pytest.raises(Refused, match=r"1,025 streams are more than the 1,024"):
        lines(STREAMS_MAX + 1)


def test_trap_17_connections_are_few_and_back_off():
    """A host that refuses is asked ever later; in five minutes never more than a hundred times."""
    for draw in (0.0, 1.0):
        one = lines(3)
        one.draw = lambda draw=draw: draw
        tried, now_ns = [], START_NS
        while now_ns < START_NS + 300 * SECOND:
            one.tick(now_ns)
            tried += [now_ns for wish in one.wishes.taken() if isinstance(wish, Connect)]
            if one.current:
                one.lost(one.current.number, now_ns)
            now_ns += 50 * MS
        waits = [later - at for at, later in pairwise(tried)]
        assert len(tried) <= OPENED_MAX
        assert draw == 0.0 or waits[:4] == sorted(waits[:4])
        assert draw == 0.0 or max(waits) == 30 * SECOND


@pytest.mark.parametrize("told", [1723161255611, 1723161255611000])
def test_trap_24_a_time_is_in_milliseconds_or_microseconds(told):
    """Its size says which, by shape and by JSON alike."""
    exact = {**TRADE, "p": "2683.80000000", "q": "0.50000000", "T": told}
    shaped = json.dumps(exact, separators=(",", ":")).encode()

    for text in (said(**{**TRADE, "T": told}), shaped):
        (record,) = split(listener().hear(text, START_NS))
        found = decode(record)
        assert isinstance(found, TradeTick)
        assert found.time_ns == 1_723_161_255_611_000_000


def test_trap_26_messages_that_are_no_prices_of_the_book(shared):
    """A reference price, an average and whatever is new is no trade and no top, and no fault."""
    examples = json.loads((shared / DOCS).read_text())
    kinds, updates, refused = [], 0, set()
    for example in examples:
        one = listener("BNBBTC")
        one.feeds["BNBBTC"].instrument = ETH._replace(tick_e8=10_000)
        text = json.dumps(example["value"]).encode()
        kinds += [(example["value"]["e"], record[4]) for record in split(one.hear(text, START_NS))]
        updates += len(one.keepers["BNBBTC"].book.waiting)
        refused |= set(one.refused)

    assert kinds == [("aggTrade", TRADE_TICK), ("trade", TRADE_TICK)]
    assert (updates, refused) == (1, {"unknown"})


def test_a_bar_counts_once_it_is_closed():
    """Until then its last prices are not the last."""
    one = listener()
    bar = {"t": 1723161240000, "T": 1723161299999, "i": "1m", "o": "2683.80", "c": "2683.90",
           "h": "2684.00", "l": "2683.00", "v": "12.5", "x": False}  # fmt: skip

    assert one.hear(said(e="kline", s="ETHUSDT", k=bar), START_NS) == b""
    (record,) = split(one.hear(said(e="kline", s="ETHUSDT", k=bar | {"x": True}), START_NS))

    opened_ns = 1_723_161_240 * SECOND
    assert decode(record) == BarClosed(
        0, opened_ns, START_NS, 268_380, 268_400, 268_300, 268_390, 1_250_000_000
    )
    assert one.hear(said(e="kline", s="ETHUSDT", k=bar | {"x": True}), START_NS) == b""


def test_what_is_no_message_is_counted_and_never_raised():
    """Whatever bytes come on a line."""
    one = listener()
    for text in (b"", b"{", b"\xff", b"[1]", b"3", b"null", b'"x"', b'{"stream":1}', b"{}", said(
        **{**TRADE, "p": None}), said(**{**TRADE, "t": -1}), b"[" * 100_000):  # fmt: skip
        assert one.hear(text, START_NS) == b""

    assert one.refused["unreadable"] >= 8
