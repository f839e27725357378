"""What does a process hold of Redis? A connection, a namespace, and what it heard and was told."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.engine.cache.keeping_rows import CALM, SHORT, Heard, now_ms, row_of, value_of

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")
pytest.importorskip("redis", reason="needs redis-py: .venv/bin/pip install '.[test]'")

import redis as peer

from engine.cache.keeping import Patience
from engine.cache.redis import Redis
from engine.cache.redis_address import Address, address_of
from engine.cache.redis_tier import CAPACITY, RedisTier
from engine.cache.values import Codec
from validators.redis_server import Server

CODEC: Codec[Any] = Codec("any", object)


@asynccontextmanager
async def client(
    address: Address, heard: Callable[[str | None], object] = str, patience: Patience = SHORT
) -> AsyncIterator[tuple[RedisTier, Redis, Heard]]:
    """A tier on a Redis that may be there."""
    told = Heard()
    redis = Redis(address, told, random.Random(1).random, patience)
    await redis.start()
    yield RedisTier(redis, "any", now_ms, heard), redis, told
    await redis.close()


class Process:
    """What one process holds: a connection, a namespace, and what it heard."""

    def __init__(self, server: Server, capacity: int, clock: Callable[[], int]) -> None:
        self.told, self.heard = Heard(), list[str | None]()
        self.redis = Redis(address_of(server.url), self.told, random.Random(1).random, CALM)
        self.tier = RedisTier(self.redis, "any", clock, self.heard.append, capacity)

    async def get(self, *keys: str) -> list[Any]:
        """Values."""
        found = await self.tier.get_many(keys)
        return [value_of(CODEC, key, one) for key, one in zip(keys, found, strict=True)]

    async def set(self, key: str, value: Any, version: int = 1) -> list[str]:
        """One of them."""
        return await self.tier.set_many([row_of(CODEC, key, value, version)])


@asynccontextmanager
async def process(
    server: Server, capacity: int = CAPACITY, clock: Callable[[], int] = now_ms
) -> AsyncIterator[Process]:
    """Connected, to an empty database."""
    there(server).flushall()
    one = Process(server, capacity, clock)
    assert await one.redis.start()
    one.heard.clear()
    yield one
    await one.redis.close()


def there(server: Server) -> Any:
    """The other client, for what must be seen from outside."""
    return peer.Redis(unix_socket_path=str(server.place), protocol=3)
