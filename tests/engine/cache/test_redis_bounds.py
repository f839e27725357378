"""Is what may wait for Redis bounded on the way there and back, and an end an end?"""

import asyncio
import time
from typing import Any

import pytest

from tests.engine.cache.keeping_rows import SHORT, row_of, run, until
from tests.engine.cache.odd_redis import odd_redis
from tests.engine.cache.processes import client

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("hiredis", reason="needs hiredis: .venv/bin/pip install '.[cache]'")

from engine.cache import redis_link
from engine.cache.redis_address import Address, address_of
from engine.cache.values import Codec

CODEC: Codec[Any] = Codec("any", object)


def test_an_answer_without_an_end_is_given_up(tmp_path, monkeypatch):
    """Whatever it might become, memory is bounded."""
    monkeypatch.setattr(redis_link, "ANSWER_BYTES_MAX", 1 << 20)

    async def work():
        place = str(tmp_path / "odd.sock")
        said = b"$900000000\r\n" + b"x" * (2 << 20)
        async with (
            odd_redis(place, lambda _word: said),
            client(Address(path=place)) as (tier, redis, _),
        ):
            assert await tier.get_many(["k"]) == [None]
            await until(lambda: redis.why == "its answer has no end", "it is given up")

    run(work())


def test_more_answers_than_questions_end_a_connection(tmp_path):
    """From then on nobody could know whose an answer is."""

    async def work():
        place = str(tmp_path / "odd.sock")
        async with (
            odd_redis(place, lambda _word: b"_\r\n_\r\n"),
            client(Address(path=place)) as (tier, redis, _),
        ):
            await tier.get_many(["k"])
            await until(lambda: redis.connects == 2, "it is another connection")
            assert redis.why == "it answered what was not asked"

    run(work())


def test_what_cannot_be_sent_is_bounded(redis_there):
    """Entries of a mebibyte to a frozen Redis: so many wait, the others are refused at once."""

    async def work():
        slower = SHORT._replace(answer_s=2.0)
        async with client(address_of(redis_there.url), patience=slower) as (tier, redis, _):
            rows = [row_of(CODEC, f"k{n}", bytes(1_000_000)) for n in range(40)]
            redis_there.freeze()
            began = time.monotonic()
            await asyncio.gather(*[tier.set_many([row]) for row in rows])
            lasted = time.monotonic() - began
            redis_there.thaw()
            assert tier.tally.errors + tier.tally.refused == 40
            assert 25 <= tier.tally.refused <= 33
            assert lasted < 4 * slower.answer_s
            await until(lambda: redis.is_connected, "it is connected")

    run(work())


def test_an_end_of_ours_is_no_failure(tmp_path):
    """Whoever waits at the end is answered, and nobody is told of a loss."""

    async def work():
        place = str(tmp_path / "odd.sock")
        async with odd_redis(place, lambda _word: b""):
            async with client(Address(path=place)) as (tier, redis, told):
                asked = [asyncio.create_task(tier.get_many(["k"])) for _ in range(20)]
                await asyncio.sleep(0)
            assert await asyncio.gather(*asked) == [[None]] * 20
            return told, redis.why, await tier.get_many(["k"])

    assert run(work()) == ([], "it was closed", [None])


@pytest.mark.parametrize(
    "said",
    [b"*1\r\n:7\r\n", b"*1\r\n:-1\r\n", b"*1\r\n,0\r\n", b"*1\r\n#t\r\n", b":1\r\n",
     b"*1\r\n*0\r\n", b"%0\r\n", b"_\r\n", b"$1\r\n0\r\n"],
    ids=repr,
)  # fmt: skip
def test_an_answer_that_names_no_row_of_ours_is_believed_by_nobody(tmp_path, said):
    """Of keys that came too late: no error, nothing is taken for one of them, a new connection."""

    async def work():
        place = str(tmp_path / "odd.sock")
        async with (
            odd_redis(place, lambda word: said if word == b"EVAL" else b"+PONG\r\n"),
            client(Address(path=place)) as (tier, redis, _),
        ):
            assert await tier.set_many([row_of(CODEC, "k", 1)]) == []
            assert tier.tally.errors == 1
            assert tier.tally.sets == 0
            await until(lambda: redis.connects == 2, "it is another connection")

    run(work())


@pytest.mark.parametrize(
    "said",
    [b":5\r\n", b"$1\r\nk\r\n", b"*2\r\n$1\r\nk\r\n:1\r\n", b"%1\r\n$1\r\nk\r\n:1\r\n"],
    ids=repr,
)
def test_a_change_of_what_is_no_key_ends_the_connection(tmp_path, said):
    """What it means cannot be known: memory is emptied as at every loss, and nothing is printed."""
    printed: list[Any] = []
    heard: list[str | None] = []

    async def work():
        asyncio.get_running_loop().set_exception_handler(lambda _, what: printed.append(what))
        place = str(tmp_path / "odd.sock")
        push = b">2\r\n$10\r\ninvalidate\r\n" + said
        async with (
            odd_redis(place, lambda _word: push + b"_\r\n"),
            client(Address(path=place), heard.append) as (tier, redis, _),
        ):
            heard.clear()
            await tier.get_many(["k"])
            await until(lambda: redis.connects == 2, "it is another connection")
            assert redis.why == "it told of a change of what is no key"

    run(work())
    assert printed == []
    assert set(heard) == {None}


def test_a_redis_without_room_keeps_no_older_value(redis_there):
    """It takes no write any more: then what the write would have replaced goes."""

    async def work():
        async with client(address_of(redis_there.url)) as (tier, redis, _):
            assert await tier.set_many([row_of(CODEC, "k", "old", 1)]) == []
            await redis.ask([("CONFIG", "SET", "maxmemory", 1)], tier.tally)
            assert await tier.set_many([row_of(CODEC, "k", "new", 2)]) == []
            assert await tier.get_many(["k"]) == [None]
            assert tier.tally.refused == 1
            await redis.ask([("CONFIG", "SET", "maxmemory", 0)], tier.tally)
            assert await tier.set_many([row_of(CODEC, "k", "new", 2)]) == []
            assert await tier.get_many(["k"]) != [None]

    run(work())
