"""What if the other end answers oddly? No wrong value, no error, and soon another connection."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.engine.cache.keeping_rows import SHORT, now_ms, row_of, run, until
from tests.engine.cache.odd_redis import odd_redis
from tests.engine.cache.processes import client

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("hiredis", reason="needs hiredis: .venv/bin/pip install '.[cache]'")

from engine.cache.redis_address import Address
from engine.cache.tier import BACK, LOST
from engine.cache.values import Codec
from engine.resilience.settings import Backoff

SECRET = "hush-hush"
CODEC: Codec[Any] = Codec("any", object)


@pytest.mark.parametrize(
    "said",
    [
        *(b":1\r\n", b"*1\r\n$1\r\nx\r\n", b"+OK\r\n", b"%1\r\n+a\r\n:1\r\n", b"#t\r\n"),
        *(b"no RESP at all\r\n", b"$-5\r\nx", b"$5\r\nab", b"$1\r\nx\r\n$1\r\ny\r\n", b""),
        *(b"*1\r\n:1\r\n*0\r\n", b",1.5\r\n", b"_\r\n", b">1\r\n+only a push\r\n"),
    ],
)
def test_an_odd_answer_is_never_a_value_that_was_kept(tmp_path, said):
    """Unexpected types, damage, halves, too many answers, none at all; for one key or for two."""

    async def work():
        place = str(tmp_path / "odd.sock")
        async with (
            odd_redis(place, lambda word: b"+PONG\r\n" if word == b"PING" else said),
            client(Address(path=place)) as (tier, redis, _),
        ):
            for keys in (["k"], ["k", "l"]) * 3:
                began = time.monotonic()
                for key, one in zip(keys, await tier.get_many(keys), strict=True):
                    assert one is None or CODEC.unpack(key, one, now_ms()) is None
                assert await tier.set_many([row_of(CODEC, "k", 1)]) == []
                await tier.delete_many(["k"])
                assert time.monotonic() - began < 10 * SHORT.answer_s
            assert redis.stats()["waiting"] == 0
            return tier.tally

    tally = run(work())

    assert tally.errors > 0
    assert tally.sets == 0


@pytest.mark.parametrize("code", ["LOADING", "BUSY", "NOPERM"])
def test_a_redis_that_says_it_cannot_is_down(tmp_path, code):
    """Five times in a row and the breaker answers in its place; told once."""

    async def work():
        place, asked = str(tmp_path / "odd.sock"), list[bytes]()

        def answers(word: bytes) -> bytes:
            asked.append(word)
            return b"-%b not now\r\n" % code.encode()

        async with (
            odd_redis(place, answers),
            client(Address(path=place)) as (tier, redis, told),
        ):
            for _ in range(50):
                assert await tier.get_many(["k"]) == [None]
            assert redis.is_connected
            return asked.count(b"GET"), tier.tally.errors, told

    asked, errors, told = run(work())

    assert (asked, errors) == (5, 50)
    assert [(one.what, one.why) for one in told] == [(LOST, f"5 in a row: {code}")]


def test_an_error_about_one_request_is_counted_and_no_failure(tmp_path):
    """No room, or not allowed to write: what is there can still be read.

    A write that is refused also asks that what it would have replaced should go.
    """

    async def work():
        place = str(tmp_path / "odd.sock")
        answers = {b"EVAL": b"-OOM command not allowed\r\n", b"DEL": b"-READONLY\r\n"}
        async with (
            odd_redis(place, lambda word: answers.get(word, b"_\r\n")),
            client(Address(path=place)) as (tier, redis, _),
        ):
            for _ in range(20):
                await tier.set_many([row_of(CODEC, "k", 1)])
                await tier.delete_many(["k"])
            assert redis.connects == 1
            return tier.stats()

    stats = run(work())

    assert (stats["refused"], stats["errors"], stats["breaker_state"]) == (60, 0, "closed")
    assert (stats["sets"], stats["deletes"]) == (0, 0)


def test_a_push_between_two_answers_takes_nobodys_place(tmp_path):
    """Told before the second answer is; what is no invalidation is passed over."""

    async def work():
        place, order, number = str(tmp_path / "odd.sock"), list[object](), iter(range(9))
        pushes = [
            b">2\r\n$10\r\ninvalidate\r\n*2\r\n$15\r\nsupreme:1:any:a\r\n$3\r\nxyz\r\n",
            b">3\r\n+message\r\n+a\r\n+b\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n",
        ]

        def answers(_word: bytes) -> bytes:
            at = next(number)
            return pushes[at % 2] + b"$1\r\n%d\r\n" % at

        async with (
            odd_redis(place, answers),
            client(Address(path=place), order.append) as (tier, _, _told),
        ):
            order.clear()
            found = await asyncio.gather(*[tier.get_many(["k"]) for _ in range(4)])
            return found, order[:4]

    found, order = run(work())

    assert found == [[b"0"], [b"1"], [b"2"], [b"3"]]
    assert order == ["a", None, "a", None]


def test_a_change_may_be_heard_before_the_older_answer_arrives(tmp_path):
    """Both came at once: whoever asked must not keep what it was answered, and can know it."""

    async def work():
        place, heard = str(tmp_path / "odd.sock"), list[str | None]()
        said = b"$1\r\nx\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$15\r\nsupreme:1:any:k\r\n"
        async with (
            odd_redis(place, lambda _word: said),
            client(Address(path=place), heard.append) as (tier, _, _told),
        ):
            heard.clear()
            assert await tier.get_many(["k"]) == [b"x"]
            assert heard == ["k"]

    run(work())


@pytest.mark.parametrize("how", ["not there", "a file", "silent", "no Redis", "old", "closing"])
def test_a_redis_that_cannot_be_had_is_down_at_once(tmp_path, how):
    """Whoever asks does not wait for it; it is told once, and tried again by itself."""
    said = {"silent": b"", "no Redis": b"HTTP/1.1 400\r\n\r\n", "old": b"-ERR unknown command\r\n"}

    async def work():
        place = tmp_path / "odd.sock"
        async with AsyncExitStack() as stack:
            if how == "a file":
                place.write_text("x")
            elif how != "not there":
                odd = odd_redis(str(place), lambda _word: b"", said.get(how))
                await stack.enter_async_context(odd)
            tier, redis, told = await stack.enter_async_context(client(Address(path=str(place))))
            assert not redis.is_connected
            began = time.monotonic()
            for _ in range(1_000):
                assert await tier.get_many(["k"]) == [None]
                assert await tier.set_many([row_of(CODEC, "k", 1)]) == []
            assert time.monotonic() - began < 1.0
            assert tier.tally.errors == 2_000
            assert told.words == [LOST]
            return redis.why

    expected = {
        "not there": "No such file or directory",
        "a file": "Connection refused",
        "silent": "it does not answer",
        "no Redis": "it does not speak RESP",
        "old": "it refused the greeting (ERR); Redis 6 or newer is needed",
        "closing": "the connection was cut",
    }

    assert run(work()) == expected[how]


def test_it_comes_back_by_itself(tmp_path):
    """A server that starts later is found, and told as back once it has proved itself."""

    async def work():
        place = str(tmp_path / "odd.sock")
        async with client(Address(path=place)) as (tier, redis, told):
            for _ in range(10):
                await tier.get_many(["k"])
            async with odd_redis(place, lambda _word: b"$1\r\nx\r\n"):
                await until(lambda: redis.is_connected, "it is connected")
                for _ in range(4):
                    assert await tier.get_many(["k"]) == [b"x"]
                assert told.words == [LOST, BACK]

    run(work())


def test_a_connection_that_never_lasts_is_tried_ever_more_rarely(tmp_path):
    """That it could be made is no recovery: the waits go on growing."""
    rare = SHORT._replace(backoff=Backoff(base_delay_ms=20, jitter=0))

    async def work():
        place = str(tmp_path / "odd.sock")
        async with (
            odd_redis(place, lambda _word: None),
            client(Address(path=place), patience=rare) as (tier, redis, told),
        ):
            end = time.monotonic() + 0.7
            while time.monotonic() < end:
                await tier.get_many(["k"])
                await asyncio.sleep(0.001)
            return redis.connects, told.words

    connects, words = run(work())

    assert 3 <= connects <= 6  # after 0, 20, 60, 140, 300 and 620 ms
    assert words == [LOST]


def test_a_silent_connection_is_noticed_without_anybody_asking(tmp_path):
    """What it would have told is missing from then on, so it is asked itself."""

    async def work():
        place, heard = str(tmp_path / "odd.sock"), list[str | None]()
        async with (
            odd_redis(place, lambda _word: b""),
            client(Address(path=place), heard.append) as (_tier, redis, _told),
        ):
            heard.clear()
            await until(lambda: redis.connects > 1, "it is another connection")
            assert heard[:2] == [None, None]

    run(work())
