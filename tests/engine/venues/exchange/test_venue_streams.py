"""Do the streams say what the market does? Names, wrapping, the book in step, bars and tickers."""

import json
import socket
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from engine.market.book import Book, Snapshot
from engine.market.exchange_lines import levels_of, update_of
from engine.venues.exchange.door import messages
from engine.venues.exchange.door.stream_session import is_combined_at, is_stream_path, streams_at
from engine.venues.exchange.market.makers import Makers
from engine.venues.exchange.matching.words import HALT, LIMIT, SELL, NewOrder
from tests.venue_house import E8, RULES, Client, heard, heard_until, serving

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MARKET = {"symbol": "ETHUSDT", "side": "BUY", "type": "MARKET"}
ALL = "ethusdt@trade/ethusdt@aggTrade/ethusdt@bookTicker"
TIMED = "ethusdt@kline_1m/ethusdt@ticker/ethusdt@miniTicker/ethusdt@avgPrice/ethusdt@depth5"


def flood(line):
    """A dozen messages at once, then whatever is told."""
    for number in range(12):
        line.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
    heard_until(line, lambda _: False)


def closed_with(error):
    """The code a connection was closed with."""
    return error.rcvd.code if error.rcvd else None


def documented(shared, section):
    """A payload as the documentation shows it."""
    text = (shared / "exchange_fixtures/binance_docs/web-socket-streams.json").read_text()
    return next(row["value"] for row in json.loads(text) if row["section"] == section)


@pytest.mark.parametrize(
    ("path", "query", "streams", "is_combined"),
    [
        ("/ws", "", [], False),
        ("/ws/0", "", [], False),
        ("/ws/ethusdt@trade", "", ["ethusdt@trade"], False),
        ("/ws/ethusdt@trade/ethusdt@depth", "", ["ethusdt@trade", "ethusdt@depth"], False),
        ("/stream", "", [], True),
        ("/stream", "streams=a@trade/b@depth", ["a@trade", "b@depth"], True),
        ("/stream/ws/12", "", [], False),
    ],
)
def test_an_address_says_what_is_heard_and_how(path, query, streams, is_combined):
    """A number after `/ws` names no stream; `/stream/ws` does not wrap."""
    assert is_stream_path(path)
    assert streams_at(path, query) == streams
    assert is_combined_at(path) is is_combined


def test_trades_are_told_as_they_happen_with_documented_fields(client, shared):
    """Raw on /ws; one aggregate a price and taker, ids without a gap."""
    with client.socket(f"/ws/{ALL}") as line:
        client.signed("POST", "order", **MARKET, quantity="1.5")
        told = heard_until(line, lambda one: "e" not in one)

    kinds = [one.get("e", "bookTicker") for one in told]
    assert kinds == ["trade", "trade", "aggTrade", "aggTrade", "bookTicker"]
    assert told[0].keys() == documented(shared, "Trade Streams").keys()
    assert told[2].keys() == documented(shared, "Aggregate Trade Streams").keys()
    assert told[4].keys() == documented(shared, "Individual Symbol Book Ticker Streams").keys()
    assert told[1]["t"] == told[0]["t"] + 1
    assert told[4]["a"] == "2002.00000000"


def test_a_taker_s_trades_at_one_price_are_one_aggregate(served, client):
    """Whoever the makers are; the trades are told one by one."""

    def another():
        """A second order at the best ask."""
        exchange = served.house.exchange
        account = exchange.open_account({"ETH": E8})
        price = exchange.books["ETHUSDT"].best()[1][0]
        exchange.place(account, NewOrder("ETHUSDT", SELL, LIMIT, E8, price), served.clock())
        return exchange.books["ETHUSDT"].best()[1][1]

    there = served.do(another)
    with client.socket("/ws/ethusdt@aggTrade/ethusdt@trade") as line:
        client.signed("POST", "order", **MARKET, quantity=f"{there / E8:.4f}")
        told = heard_until(line, lambda one: one["e"] == "aggTrade")

    assert [one["e"] for one in told] == ["trade", "trade", "aggTrade"]
    assert (told[2]["f"], told[2]["l"]) == (told[0]["t"], told[1]["t"])
    assert float(told[2]["q"]) == there / E8


def test_combined_streams_wrap_each_payload(client):
    """With the stream's name."""
    with client.socket(f"/stream?streams={ALL}") as line:
        client.signed("POST", "order", **MARKET, quantity="0.01")
        told = heard(line)

    assert told["stream"] == "ethusdt@trade"
    assert told["data"]["e"] == "trade"


def test_streams_are_subscribed_to_and_left_on_a_live_connection(client):
    """SUBSCRIBE, LIST_SUBSCRIPTIONS, UNSUBSCRIBE, in the documented forms."""
    with client.socket("/stream/ws/7") as line:
        for method, params in [
            ("SUBSCRIBE", ["ethusdt@trade", "ethusdt@depth"]),
            ("UNSUBSCRIBE", ["ethusdt@depth"]),
            ("LIST_SUBSCRIPTIONS", None),
        ]:
            line.send(json.dumps({"method": method, "params": params, "id": 1}))
        answers = [heard(line) for _ in range(3)]
        client.signed("POST", "order", **MARKET, quantity="0.01")
        told = heard(line)

    assert answers == [
        {"result": None, "id": 1},
        {"result": None, "id": 1},
        {"result": ["ethusdt@trade"], "id": 1},
    ]
    assert told["e"] == "trade"


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        ("{", 3, "Invalid JSON: expected value at line 1 column 2"),
        ("{}", 2, "Invalid request: missing field `method` at line 1 column 2"),
        ('{"method": "SHOUT", "id": 1}', 2, "Invalid request: unknown variant `SHOUT`"),
        ('{"method": "SUBSCRIBE", "params": "a", "id": 1}', 2, "Invalid request: params"),
        ('{"method": "SUBSCRIBE", "params": ["a"], "id": 1.5}', 2, "Invalid request: request ID"),
        ('{"method": "GET_PROPERTY", "params": ["colour"], "id": 1}', 0, "Unknown property"),
        ('{"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}', 1, "Invalid value type"),
    ],
)
def test_frames_that_ask_nothing_are_answered_with_an_error(client, frame, code, text):
    """In the documented words."""
    with client.socket("/ws") as line:
        line.send(frame)
        told = heard(line)["error"]

    assert told["code"] == code
    assert told["msg"].startswith(text)


def test_payloads_are_wrapped_or_not_as_one_likes(client):
    """The property `combined`."""
    with client.socket("/ws/ethusdt@trade") as line:
        line.send('{"method": "SET_PROPERTY", "params": ["combined", true], "id": 5}')
        line.send('{"method": "GET_PROPERTY", "params": ["combined"], "id": 2}')
        answers = [heard(line), heard(line)]
        client.signed("POST", "order", **MARKET, quantity="0.01")
        told = heard(line)

    assert answers == [{"result": None, "id": 5}, {"result": True, "id": 2}]
    assert told["stream"] == "ethusdt@trade"


def test_who_sends_more_than_five_messages_a_second_is_cut(client):
    """1008, as a policy."""
    with client.socket("/ws") as line, pytest.raises(ConnectionClosed) as ended:
        flood(line)

    assert closed_with(ended.value) == 1008


def test_a_connection_hears_at_most_1024_streams(client):
    """One more is refused, those before stay."""
    with client.socket("/ws") as line:
        many = [f"x{number}@trade" for number in range(1_024)]
        line.send(json.dumps({"method": "SUBSCRIBE", "params": many, "id": 1}))
        line.send(json.dumps({"method": "SUBSCRIBE", "params": ["ethusdt@trade"], "id": 2}))
        answers = [heard(line), heard(line)]

    assert answers[0] == {"result": None, "id": 1}
    assert answers[1]["error"]["code"] == 2


def test_regular_streams_have_their_documented_fields(client, shared):
    """Bars, tickers, the average and the best levels, within two seconds."""
    client.signed("POST", "order", **MARKET, quantity="0.01")
    wanted = set(TIMED.split("/"))
    found: dict[str, Any] = {}
    with client.socket(f"/stream?streams={TIMED}&timeUnit=MICROSECOND") as line:
        while wanted - found.keys():
            told = heard(line)
            found[told["stream"]] = told["data"]

    for stream, section in [
        ("kline_1m", "Kline/Candlestick Streams for UTC"),
        ("ticker", "Individual Symbol Ticker Streams"),
        ("miniTicker", "Individual Symbol Mini Ticker Stream"),
        ("avgPrice", "Average Price"),
        ("depth5", "Partial Book Depth Streams"),
    ]:
        shown = documented(shared, section)
        assert found[f"ethusdt@{stream}"].keys() == shown.keys(), stream
    shown = documented(shared, "Kline/Candlestick Streams for UTC")["k"]
    assert found["ethusdt@kline_1m"]["k"].keys() == shown.keys()
    assert found["ethusdt@ticker"]["E"] > 10**15


def restless(house):
    """A market that moves by itself."""

    def prices():
        now_us = house.clock()
        for step in range(1 << 20):
            yield now_us + step * 250_000, (2_000 + step % 7) * E8

    return [Makers(house.exchange, RULES, prices(), 1)]


def test_a_book_kept_from_the_stream_is_the_venue_s_book(shared):
    """Snapshot and updates after the documented rules: no gap, never crossed, equal at the end."""
    with serving(liquidity=restless) as venue:
        client = Client(venue)
        book, asked = Book(), 0
        with client.socket("/ws/ethusdt@depth@100ms") as line:
            for number in range(8):
                told = heard(line)
                book.take(update_of(told))
                if number == 2:
                    shot = client.get("depth", symbol="ETHUSDT", limit=5_000)
                    bids, asks = (levels_of(shot[side]) for side in ("bids", "asks"))
                    book.restore(Snapshot(shot["lastUpdateId"], bids, asks))
                    asked = shot["lastUpdateId"]
            venue.do(lambda: venue.house.exchange.halt("ETHUSDT", HALT))  # the makers pause
            held = venue.do(lambda: venue.house.exchange.books["ETHUSDT"].depth(5_000))
            last = venue.do(lambda: venue.house.exchange.books["ETHUSDT"].last_update_id)
            while book.last < last:
                told = heard(line)
                book.take(update_of(told))

    assert told.keys() == documented(shared, "Diff. Depth Stream").keys()
    assert (book.gaps, book.crossings) == (0, 0)
    assert book.last == last > asked
    assert dict(held[0]) == book.bids.volumes
    assert dict(held[1]) == book.asks.volumes


def test_everybody_is_told_when_the_venue_ends():
    """serverShutdown, raw, wrapped and on the WebSocket API, then a polite close."""
    paths = ["/ws/ethusdt@trade", "/stream?streams=ethusdt@trade", "/ws-api/v3"]
    with ExitStack() as lines:
        with serving() as venue:
            heard_on = [lines.enter_context(Client(venue).socket(path)) for path in paths]
        told = [heard(line) for line in heard_on]
        for line in heard_on:
            with pytest.raises(ConnectionClosed) as ended:
                line.recv(timeout=10)
            assert closed_with(ended.value) == 1001

    assert told[0]["e"] == "serverShutdown"
    assert (told[1]["stream"], told[1]["data"]["e"]) == ("!serverShutdown", "serverShutdown")
    assert told[2]["event"]["e"] == "serverShutdown"


def test_a_client_is_pinged_and_cut_when_it_is_silent(monkeypatch):
    """Every 20 seconds and after a minute; here sooner. A pong keeps the line."""
    monkeypatch.setattr(messages, "PING_S", 0.35)
    monkeypatch.setattr(messages, "PATIENCE_S", 1.0)
    with serving() as venue, Client(venue).socket("/ws/x@trade") as patient:
        with socket.create_connection(("127.0.0.1", venue.port), 10) as silent:
            silent.sendall(HANDSHAKE)
            raw = b""
            while piece := silent.recv(65_536):
                raw += piece
        patient.send('{"method": "LIST_SUBSCRIPTIONS", "id": 1}')
        alive = heard(patient)

    frames = raw.partition(b"\r\n\r\n")[2]
    assert frames.count(b"\x89") >= 2  # pings
    assert b"\x88\x0e\x03\xf0Pong timeout" in frames
    assert alive == {"result": ["x@trade"], "id": 1}
