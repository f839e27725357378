"""Does the market reach the engine whole and once, whoever tells it?"""

import json
from collections import Counter

import pytest

from engine.market import stream_lines
from engine.market.failover import Patience
from engine.market.live import LiveMarket
from engine.market.wishes import Answer, Connect, Say
from engine.messages import BOOK_TOP, TRADE_TICK, decode
from tests.engine.market.played import (
    MS,
    SECOND,
    START_NS,
    Exchange,
    Told,
    opened_market,
    recording,
    streamed,
)

TRADES, TICKERS = 6_106, 24_077


@pytest.fixture(scope="module")
def tape(shared) -> list[tuple[int, bytes]]:
    """The real recording."""
    return recording(shared)


def played(tape: list[tuple[int, bytes]], market: LiveMarket, **options) -> Exchange:
    """All of a tape."""
    exchange = Exchange(market, tape, **options)
    for at_ns in options.get("breaks", []):
        exchange.later(at_ns, "lose", "reset by peer")
    return exchange.run(tape[-1][0] + 2 * SECOND)


def trade_ids(exchange: Exchange) -> list[int]:
    """The ids of all trades that came out."""
    return [decode(record).trade_id for record in exchange.of_kind(TRADE_TICK)]


def never_back(exchange: Exchange) -> bool:
    """Whether received times only grow."""
    times = [int.from_bytes(record[16:24], "little") for record in exchange.records]
    return times == sorted(times)


def test_every_recorded_message_reaches_the_engine_once(tape):
    """24,077 best prices and 6,106 trades, from one line and one snapshot that was in time."""
    market = opened_market()
    exchange = played(tape, market)

    assert len(exchange.of_kind(BOOK_TOP)) == TICKERS
    assert len(trade_ids(exchange)) == len(set(trade_ids(exchange))) == TRADES
    assert never_back(exchange)
    seen = market.seen()
    assert (seen.feeding.source, seen.feeding.why) == ("binance streams", "it speaks")
    assert [(one.name, one.state) for one in seen.sources] == [
        ("binance streams", "well"),
        ("binance rest", "idle"),
    ]
    (symbol,) = seen.symbols
    assert (symbol.doubt, symbol.trades_missing, symbol.repeated) == ("", 0, 0)
    assert symbol.book
    assert (symbol.book.in_step, symbol.book.gaps) == (True, 0)
    assert seen.refused == {}
    assert -1_400 * MS < seen.apart_ns < -1_200 * MS  # the exchange's clock is that much ahead


def test_a_line_that_breaks_is_back_before_another_source_is_needed(tape):
    """Trades told in between are asked for; nothing is fed twice."""
    market = opened_market()
    exchange = played(tape, market, breaks=[tape[0][0] + second * SECOND for second in (60, 200)])

    assert sorted(trade_ids(exchange)) == sorted(set(trade_ids(exchange)))
    assert len(trade_ids(exchange)) == TRADES
    assert 1 <= exchange.asked("/trades") <= 2  # a break in which nobody traded needs none
    assert never_back(exchange)
    names = [switch.source for switch in market.choice.switches]
    assert names == ["", *["binance streams", ""] * 2, "binance streams"]
    assert [why for _, _, why in market.choice.switches][2] == "binance streams: reset by peer"
    (symbol,) = market.seen().symbols
    assert symbol.book
    assert (symbol.doubt, symbol.book.in_step) == ("", True)


def test_questions_take_over_while_the_streams_are_away(tape):
    """From three seconds on until the streams were well again for a while; no trade is lost."""
    market = opened_market()
    away = tape[0][0] + 60 * SECOND, tape[0][0] + 120 * SECOND
    exchange = played(tape, market, down=[away], breaks=[away[0]])

    switches = [
        (one.source, (one.since_ns - tape[0][0]) // SECOND, one.why)
        for one in market.choice.switches
    ]
    ids = trade_ids(exchange)
    assert [source for source, _, _ in switches[1:4]] == ["binance streams", "", "binance rest"]
    assert 63 <= switches[3][1] <= 65
    source, second, why = switches[4]
    assert (source, why) == ("binance streams", "binance streams is well again")
    assert 150 <= second <= 185  # the line waits up to 30 s, then proves itself for 30 s
    assert len(switches) == 5
    assert len(ids) == len(set(ids)) == TRADES
    assert never_back(exchange)
    assert market.seen().sources[1].state == "idle"
    assert sum(record[4] == BOOK_TOP for record in exchange.records) > 10_000


def test_another_exchange_helps_out(tape):
    """While the first is away its market is told, and on the way back nothing that is old."""
    market = opened_market(polls=False, relays=(("coinbase", "ws://127.0.0.1:9443"),))
    away = tape[0][0] + 60 * SECOND, tape[0][0] + 100 * SECOND
    exchange = played(tape, market, down=[away], breaks=[away[0]])

    ids = trade_ids(exchange)
    names = [switch.source for switch in market.choice.switches]
    assert names == ["", "binance streams", "", "coinbase", "binance streams"]
    assert ids == sorted(set(ids))
    lost = TRADES - len(ids)
    assert 0 < lost < TRADES * 5 / 346 * 10  # a few seconds around the switch, never told again
    assert never_back(exchange)
    assert [source.state for source in market.seen().sources] == ["well", "idle"]
    (symbol,) = market.seen().symbols
    assert (symbol.doubt, symbol.trades_missing) == ("", 0)


def test_a_silent_line_is_given_up(tape):
    """It is open and says nothing: after ten seconds another one is opened."""
    market = opened_market()
    start = tape[0][0]
    exchange = played(tape, market, down=[(start + 60 * SECOND, start + 75 * SECOND)])

    assert [one.why for one in market.choice.switches][2] == "binance streams: silent for 10 s"
    assert sum(isinstance(wish, Connect) for wish in exchange.wishes) >= 2
    assert len(trade_ids(exchange)) == TRADES


def test_lines_are_renewed_without_a_loss(tape, monkeypatch):
    """The next line is subscribed before the old one is closed, and nothing comes twice."""
    monkeypatch.setattr(stream_lines, "AGE_NS", 60 * SECOND)
    market = opened_market()
    exchange = played(tape, market)

    opened = sum(isinstance(wish, Connect) for wish in exchange.wishes)
    assert opened == 6
    assert len(exchange.of_kind(BOOK_TOP)) == TICKERS
    assert len(trade_ids(exchange)) == len(set(trade_ids(exchange))) == TRADES
    (symbol,) = market.seen().symbols
    assert symbol.book
    assert symbol.book.gaps == 0
    assert len(market.choice.switches) == 2


def test_an_exchange_that_shuts_down_says_so_and_is_left_in_time(tape):
    """Raw or combined: another line is opened at once."""
    market = opened_market()
    exchange = Exchange(market, tape)
    notice = b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}'
    exchange.later(tape[0][0] + 60 * SECOND, "said", notice)
    exchange.later(tape[0][0] + 62 * SECOND, "said", notice)

    exchange.run(tape[-1][0] + SECOND)

    assert sum(isinstance(wish, Connect) for wish in exchange.wishes) == 3
    assert len(exchange.of_kind(BOOK_TOP)) == TICKERS
    assert len(trade_ids(exchange)) == TRADES


def test_whoever_takes_over_begins_with_what_was_held(tape):
    """Streams heard while another source fed tell what it had not told yet."""
    market = opened_market(patience=Patience(away_ns=0))
    exchange = Exchange(market, tape[:4_000], down=[(0, tape[0][0] + 5 * SECOND)])

    exchange.run(tape[3_999][0])

    said = Counter(record[4] for record in exchange.records)
    streams = market.sources[0].listener  # type: ignore[attr-defined]
    assert market.choice.switches[-1].source == "binance rest"
    assert said[TRADE_TICK] > 100
    assert len(streams.held) > 1_000
    fed = market.parts.feeds["ETHUSDT"].top_update
    records = streams.take_over(exchange.now_ns)
    tops = [records[at : at + 64] for at in range(0, len(records), 64)]
    assert all(int.from_bytes(top[16:24], "little") == exchange.now_ns for top in tops)
    assert market.parts.feeds["ETHUSDT"].top_update > fed


def test_an_exchange_that_was_started_anew_is_heard_again(tape):
    """Its numbers fall back, of trades and of the book: the same market, played again later."""
    day_ns, first = 86_400 * SECOND, tape[:3_000]
    later = [(at_ns + day_ns, text.replace(b'":17231612', b'":17232476')) for at_ns, text in first]
    market = opened_market()
    exchange = Exchange(market, first).run(first[-1][0] + 5 * SECOND)
    exchange.told = Told()
    for at_ns, text in later:
        exchange.later(at_ns, "said", text)
    exchange.run(later[-1][0] + 5 * SECOND)

    ids = trade_ids(exchange)
    assert ids == ids[: len(ids) // 2] * 2
    assert len(exchange.of_kind(BOOK_TOP)) > 1.9 * sum(b"bookTicker" in text for _, text in first)
    (symbol,) = market.seen().symbols
    assert symbol.book
    assert symbol.book.in_step
    book = market.sources[0].listener.keepers["ETHUSDT"].book  # type: ignore[attr-defined]
    assert book.top == exchange.told.book.top


def test_what_is_heard_of_a_closed_line_counts_no_more(tape):
    """Its last messages are on the way when it is given up."""
    market = opened_market()
    exchange = Exchange(market, tape[:500]).run(tape[499][0])
    market.end()
    market.wishes()

    text = streamed(tape)[600][1]

    assert market.hear(1, text, exchange.now_ns + 1) == b""
    assert market.hear(77, text, exchange.now_ns + 1) == b""
    assert market.answered(2, Answer(200, {}, b"{}"), exchange.now_ns + 1) == b""


def test_subscriptions_are_said_once_a_line_is_open():
    """All streams of a symbol, numbered requests."""
    market = opened_market()
    market.begin(START_NS)
    (connect,) = market.wishes()
    assert connect == Connect(1, "wss://stream.binance.com:9443/stream")

    market.opened(1, START_NS + 1)

    (say,) = market.wishes()
    assert isinstance(say, Say)
    assert json.loads(say.text) == {
        "method": "SUBSCRIBE",
        "params": ["ethusdt@trade", "ethusdt@bookTicker", "ethusdt@depth@100ms"],
        "id": 1,
    }


def test_doubts_are_told_when_they_begin_and_end(tape):
    """While nobody speaks, and until the symbol is heard again."""
    market = opened_market(polls=False)
    changes = []
    exchange = Exchange(
        market, tape[:20_000], down=[(tape[0][0] + 60 * SECOND, tape[0][0] + 80 * SECOND)]
    )
    for second in range(160):
        exchange.run(tape[0][0] + second * SECOND)
        changes += market.changes()

    reasons = [(change.number, change.why) for change in changes]
    assert reasons[0] == (0, "no source speaks")
    assert reasons[1] == (0, "")
    assert (0, "no source speaks") in reasons[2:]
    assert reasons[-1] == (0, "")


def test_a_loop_that_waits_for_the_due_time_never_spins():
    """With nothing heard at all, a minute takes few looks."""
    market = opened_market()
    exchange = Exchange(market, [])
    exchange.answer_ns = 3_600 * SECOND
    looks = 0
    market.begin(START_NS)
    while market.due_ns() < START_NS + 60 * SECOND:
        looks += 1
        market.tick(market.due_ns())
        market.wishes()

    assert looks < 200
