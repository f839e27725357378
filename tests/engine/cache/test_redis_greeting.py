"""Is Redis greeted with the right user, in the right database, over TLS, and no secret told?"""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cache.keeping_rows import CALM, row_of, run
from tests.engine.cache.processes import client

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("hiredis", reason="needs hiredis: .venv/bin/pip install '.[cache]'")

from engine.cache.redis_address import address_of
from engine.cache.values import Codec
from validators import redis_server

SECRET = "hush-hush"
CODEC: Codec[Any] = Codec("any", object)


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
            async with client(address_of(who), patience=CALM) as (tier, redis, _):
                assert redis.is_connected
                assert await tier.get_many(["k"]) == [None]
                await tier.set_many([row_of(CODEC, "k", 1)])
                assert (await tier.get_many(["k"]))[0] is not None
        for who in (
            f"unix://:{SECRET}9@{place}",
            f"unix://{place}",
            f"unix://you:{SECRET}@{place}",
        ):
            async with client(address_of(who), patience=CALM) as (tier, redis, told):
                assert not redis.is_connected
                for _ in range(5):
                    await tier.get_many(["k"])
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
        url = f"rediss://localhost:{port}/1{ca}"
        async with client(address_of(url), patience=CALM) as (tier, redis, _):
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
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
