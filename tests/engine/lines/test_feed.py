"""Do other programs' market records reach the engine, whole, true, and nothing else with them?"""

import os
import random
import select
import socket
import stat
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.lines.feed import AHEAD_MAX_NS, GREETING_NS, RECEIVE_MAX, Feed
from engine.lines.feeding import Feeding
from engine.lines.hello import greeting, unpacked
from engine.messages import (
    BarClosed,
    OperatorReset,
    OrderFilled,
    TradeTick,
    encode,
    texts_of,
)
from tests.engine.lines.feeders import HELLO, NOW_NS, Engine, fed, raw_to, top


@pytest.fixture
def engine(tmp_path):
    """One that listens."""
    one = Engine(str(tmp_path / "feed" / "socket"))
    yield one
    one.feed.close()
    one.poll.close()


def test_records_arrive_whole_and_in_order(engine):
    """Of every kind that a market has."""
    records = [top(number, number % 2) for number in range(1_000)]
    records += [
        encode(TradeTick(1, 1, NOW_NS, 5, 6, 7)),
        encode(BarClosed(0, 1, NOW_NS, 1, 2, 3, 4, 5)),
    ]

    def work() -> None:
        with Feeding(engine.feed.path, HELLO) as feeding:
            feeding.send(b"".join(records))

    assert fed(engine, work) == []
    assert engine.got == b"".join(records)
    assert engine.feed.records == len(records)
    assert engine.feed.ended == "the feeder left"


def test_the_engine_learns_who_feeds_and_what(engine):
    """Name, clock and instruments, as the feeder knows them."""
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(engine.feed.path)
        one.sendall(greeting(HELLO))
        engine.until(lambda: engine.feed.hello)

        assert engine.feed.hello == HELLO


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), max_size=30), st.integers(0, 1 << 30))
def test_a_stream_cut_anywhere_is_the_same_stream(tmp_path_factory, sizes, seed):
    """Greeting and records in any pieces, also all at once."""
    engine = Engine(str(tmp_path_factory.mktemp("feed") / "socket"))
    records = b"".join(top(number) for number in range(40))
    raw, at = greeting(HELLO) + records, 0
    chance = random.Random(seed)
    with raw_to(engine) as one:
        for size in [*sizes, len(raw)]:
            one.sendall(raw[at : at + size])
            at += size
            if chance.random() < 0.7:
                engine.turn(0)
        engine.until(lambda: len(engine.got) == len(records))
    engine.feed.close()
    engine.poll.close()

    assert engine.got == records


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (encode(OrderFilled(0, 1, NOW_NS, 1, 1, 1, 1, 1)), "only bars, trades and tops"),
        (encode(OperatorReset(0, 1, NOW_NS)), "only bars, trades and tops"),
        (texts_of("x", 1)[0], "only bars, trades and tops"),
        (top(symbol=2), "a symbol that the greeting did not"),
        (top(received_ns=NOW_NS + AHEAD_MAX_NS + 1), "more than a second from now"),
        (top(received_ns=0), "before time began"),
    ],
)
def test_what_is_no_market_ends_the_feed_and_nothing_of_it_is_taken(engine, record, told):
    """A stranger reports no fills, resets no engine and moves no clock; it is told so."""
    with raw_to(engine) as one:
        one.sendall(greeting(HELLO))
        engine.until(lambda: engine.feed.hello)
        one.recv(1 << 12)
        one.sendall(top() + record)
        engine.until(lambda: engine.feed.ended)
        answer = unpacked(one.recv(1 << 12))

    assert engine.got == b""
    assert told in engine.feed.ended
    assert answer is not None
    assert told in answer[0]["error"]
    assert engine.feed.refused == 1


def test_simulated_time_is_the_feeders_own(engine):
    """It may be next year there."""
    record = top(received_ns=NOW_NS * 2)

    def work() -> None:
        with Feeding(engine.feed.path, HELLO._replace(is_simulated=True)) as feeding:
            feeding.send(record)

    assert fed(engine, work) == []
    assert engine.got == record


def test_a_feeder_that_is_refused_is_told_in_two_lines(engine):
    """With the words of whoever assembles the engine."""
    engine.refusal = Refused("this engine trades BTCUSDT", "feed that", code=4)

    (refused,) = fed(engine, lambda: Feeding(engine.feed.path, HELLO).close())

    assert str(refused) == "this engine trades BTCUSDT\nfeed that"
    assert isinstance(refused, Refused)
    assert refused.code == 4
    assert engine.feed.hello is None


def test_one_program_feeds_at_a_time(engine):
    """The second is told; the first is not disturbed; after it the second may."""
    with raw_to(engine) as first:
        first.sendall(greeting(HELLO))
        engine.until(lambda: engine.feed.hello)

        (refused,) = fed(engine, lambda: Feeding(engine.feed.path, HELLO).close())
        first.sendall(top())
        engine.until(lambda: engine.got == top())

    assert "another program feeds this engine" in str(refused)
    assert fed(engine, lambda: Feeding(engine.feed.path, HELLO).close()) == []


def test_a_program_that_is_turned_away_before_it_greets_is_told(engine, monkeypatch):
    """Its greeting finds nobody any more, and why is still to be read."""

    def late(hello):
        engine.turn()  # the connection is taken, refused and closed meanwhile
        return greeting(hello)

    monkeypatch.setattr("engine.lines.feeding.greeting", late)
    with raw_to(engine) as first:
        first.sendall(greeting(HELLO))
        engine.until(lambda: engine.feed.hello)

        with pytest.raises(Refused, match="another program feeds") as refused:
            Feeding(engine.feed.path, HELLO)

    assert refused.value.code == 4


def test_a_program_that_never_greets_keeps_nobody_out(engine):
    """It has its time, then it gives way."""
    with raw_to(engine):
        engine.now_ns += GREETING_NS + 1

        assert fed(engine, lambda: Feeding(engine.feed.path, HELLO).close()) == []


def test_a_feeder_that_died_gives_way_at_once(engine):
    """Though the one that comes is heard of first."""
    other = HELLO._replace(label="another program")
    first = raw_to(engine)
    first.sendall(greeting(HELLO))
    engine.until(lambda: engine.feed.hello)
    with socket.socket(socket.AF_UNIX) as second:
        second.connect(engine.feed.path)
        first.close()
        engine.feed.hear(engine.feed._listener.fileno(), NOW_NS)
        second.sendall(greeting(other))
        engine.until(lambda: engine.feed.hello == other)

        assert engine.feed.ended == ""


def test_a_feeder_that_dies_in_a_record_leaves_the_whole_ones(engine):
    """The half one is told of."""
    with raw_to(engine) as one:
        one.sendall(greeting(HELLO) + top(1) + top(2)[:40])
        engine.until(lambda: engine.got)
    engine.until(lambda: engine.feed.ended)

    assert engine.got == top(1)
    assert engine.feed.ended == "the feeder left, 40 bytes into a record"


def as_much_as_it_takes(one: socket.socket) -> int:
    """How many bytes of records a socket held until it was full."""
    sent, records = 0, b"".join(top(number) for number in range(64))
    with suppress(BlockingIOError):
        while True:
            sent += one.send(records)
    return sent


def test_a_fast_feeder_waits_for_a_slow_engine(engine):
    """The socket holds what it holds; of one turn comes a bounded part."""
    with raw_to(engine) as one:
        one.sendall(greeting(HELLO))
        engine.until(lambda: engine.feed.hello)
        one.setblocking(False)
        sent = as_much_as_it_takes(one)

        largest = max(len(engine.turn()) for _ in range(sent // RECEIVE_MAX + 2))

        assert sent < 16 << 20
        assert len(engine.got) == sent - sent % 64
        assert largest <= RECEIVE_MAX + 64


def test_a_feeder_waits_only_so_long(tmp_path):
    """An engine that takes nothing is told of in two lines."""
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "socket"))
        deaf.listen()
        with pytest.raises(Refused, match=r"took nothing for 0\.1 s") as refused:
            Feeding(str(tmp_path / "socket"), HELLO, timeout_s=0.1)

    assert refused.value.code == 5


def test_where_nobody_listens_is_told(tmp_path):
    """In two lines."""
    with pytest.raises(Refused, match="no engine takes a feed") as refused:
        Feeding(str(tmp_path / "socket"), HELLO)

    assert refused.value.code == 3


def test_an_engine_that_ends_is_told_to_the_feeder(engine):
    """At the next record; and part of a record is never sent."""
    feeding: list[Feeding] = []
    fed(engine, lambda: feeding.append(Feeding(engine.feed.path, HELLO)))
    with pytest.raises(ValueError, match="no whole records"):
        feeding[0].send(top()[:63])

    engine.feed.close()
    with pytest.raises(Refused, match="the engine ended the feed"):
        feeding[0].send(top())
    feeding[0].close()


def test_the_socket_is_its_owners_alone(engine):
    """Folder 0700, socket 0600; gone when the feed closes."""
    path = engine.feed.path
    modes = [stat.S_IMODE(os.stat(place).st_mode) for place in (os.path.dirname(path), path)]

    engine.feed.close()

    assert modes == [0o700, 0o600]
    assert not os.path.exists(path)


def test_what_is_no_socket_is_left(tmp_path):
    """A mistyped name must not cost anybody a file."""
    path = tmp_path / "notes.txt"
    path.write_text("mine")

    with pytest.raises(Refused, match="is no socket"):
        Feed(str(path), select.epoll(), lambda _: None)

    assert path.read_text() == "mine"


def test_the_folder_of_a_feed_stays_as_it_is(tmp_path, monkeypatch):
    """It is whoever's it is, also where the name is relative; the socket is for its owner alone."""
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    feed = Feed("market.sock", select.epoll(), lambda _: None)

    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert os.stat(feed.path).st_mode & 0o777 == 0o600
    feed.close()
