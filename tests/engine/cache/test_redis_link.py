"""What if the other end answers oddly? No wrong value, no error, and soon another connection."""

import asyncio
import random
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from keeping_rows import SHORT, Heard, now_ms, row_of, run, until
from odd_redis import odd_redis

pytest.importorskip("msgspec", reason="needs msgspec: pip install 'supreme[cache]'")
pytest.importorskip("hiredis", reason="needs hiredis: pip install 'supreme[cache]'")

from engine.cache.redis import Redis
from engine.cache.redis_address import Address, address_of
from engine.cache.redis_tier import RedisTier
from engine.cache.tier import BACK, LOST
from engine.cache.values import Codec
from validators import redis_server

SECRET = "hush-hush"
CODEC: Codec[Any] = Codec("any", object)


@asynccontextmanager
async def client(
    address: Address, heard: Callable[[str | None], object] = str
) -> AsyncIterator[tuple[RedisTier, Redis, Heard]]:
    """A tier on a Redis that may be there."""
    told = Heard()
    redis = Redis(address, told, random.Random(1).random, SHORT)
    await redis.start()
    yield RedisTier(redis, "any", now_ms, heard), redis, told
    await redis.close()


@pytest.mark.parametrize(
    "said",
    [
        *(b":1\r\n", b"*1\r\n$1\r\nx\r\n", b"+OK\r\n", b"%1\r\n+a\r\n:1\r\n", b"#t\r\n"),
        *(b"no RESP at all\r\n", b"$-5\r\nx", b"$5\r\nab", b"$1\r\nx\r\n$1\r\ny\r\n", b""),
        *(b"*1\r\n:1\r\n*0\r\n", b",1.5\r\n", b"_\r\n", b">1\r\n+only a push\r\n"),
    ],
)
def test_an_odd_answer_is_never_a_value_that_was_kept(tmp_path, said):
    """Unexpected types, damage, halves, too many answers and none at all, for one key or for two."""

    async def work():
        place = str(tmp_path / "odd.sock")
        async with (
            odd_redis(place, lambda word: b"+PONG\r\n" if word == b"PING" else said),
            client(Address(path=place)) as (tier, redis, _),
        ):
            for keys in (["k"], ["k", "l"]) * 3:
                began = time.monotonic()
                found = await tier.get_many(keys)
                assert [CODEC.unpack(key, one, now_ms()) for key, one in
                        zip(keys, found, strict=True) if one] == [None] * sum(map(bool, found))
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
    """No room, or not allowed to write: what is there can still be read."""

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

    assert (stats["refused"], stats["errors"], stats["breaker_state"]) == (40, 0, "closed")
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


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[redis_server.Server]:
    """A Redis that wants a user and a password."""
    if why := redis_server.absent():
        pytest.skip(why)
    users = ("--requirepass", SECRET, "--user", "me", "on", f">{SECRET}2", "~*", "+@all")
    with redis_server.running(tmp_path, *users) as server:
        yield server


def test_users_passwords_and_databases(guarded):
    """The default user, a named one, each in a database of its own; the wrong one is told so."""

    async def work():
        place, why = guarded.place, []
        for who in (f"unix://:{SECRET}@{place}", f"unix://me:{SECRET}2@{place}?db=3"):
            async with client(address_of(who)) as (tier, redis, _):
                assert redis.is_connected
                assert await tier.get_many(["k"]) == [None]
                await tier.set_many([row_of(CODEC, "k", 1)])
                assert (await tier.get_many(["k"]))[0] is not None
        for who in (f"unix://:{SECRET}9@{place}", f"unix://{place}", f"unix://you:{SECRET}@{place}"):
            async with client(address_of(who)) as (_tier, redis, told):
                assert not redis.is_connected
                await until(lambda told=told: bool(told), "it is told")
                why.append(redis.why + told[0].why + str(redis.stats()))
        return why

    for why in run(work()):
        assert "does not take the user and password" in why
        assert SECRET not in why


@pytest.mark.parametrize("is_known", [True, False])
def test_tls(tmp_path, is_known):
    """With its certificate known it is spoken to, otherwise not at all."""
    if why := redis_server.absent():
        pytest.skip(why)
    certificate(tmp_path)
    port = free_port()
    words = ("--tls-port", str(port), "--tls-auth-clients", "no", "--bind", "127.0.0.1")
    files = ("--tls-cert-file", f"{tmp_path}/c.pem", "--tls-key-file", f"{tmp_path}/k.pem")

    async def work():
        ca = f"?ssl_ca_certs={tmp_path}/c.pem" if is_known else ""
        async with client(address_of(f"rediss://localhost:{port}/1{ca}")) as (tier, redis, _):
            await tier.set_many([row_of(CODEC, "k", 1)])
            return (await tier.get_many(["k"]))[0] is not None, redis.why

    try:
        with redis_server.running(tmp_path, *words, *files, "--tls-ca-cert-file", files[1]):
            is_found, why = run(work())
    except TimeoutError:
        pytest.skip("needs a Redis built with TLS")

    assert is_found is is_known
    assert is_known or "SSL" in why or "certificate" in why.lower()


def certificate(folder: Path) -> None:
    """For localhost, signed by itself."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", f"{folder}/k.pem", "-out", f"{folder}/c.pem"]
    try:
        subprocess.run(["openssl", *words.split(), *names, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl to make a certificate")


def free_port() -> int:
    """One that nobody listens on."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
