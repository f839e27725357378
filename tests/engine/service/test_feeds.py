"""Does a slow source that hangs, refuses or lies delay nothing but its own next word?"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.log import Log
from engine.resilience.breaker import CLOSED, OPEN
from engine.resilience.settings import Backoff, BreakerSettings, Resilience
from engine.resilience.shells import Timing
from engine.service.context.asking import Told
from engine.service.context.feeding import Feed, Place, Web, running
from engine.service.context.settings import NAMES, Source
from engine.service.standing import Standing
from tests.engine.service.slow_sources import GOOD, Server, listening

pytest.importorskip("httpx", reason="needs httpx (the extra `feeds`)")
HUSH = "hush-key-of-ours"
PATIENCE_S = 0.3


class World:
    """One feed, the server that it asks, and all that came of it."""

    def __init__(self, folder: Path, server: Server, name: str) -> None:
        self.server, self.name, self.told = server, name, list[tuple[str, Told]]()
        self.is_heard, self.spoken = True, asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.path = folder / "service.log"
        self.standing = Standing(str(folder), Log(str(self.path), "info", "json", ""))
        self.now_ns = 0
        self.web = Web()
        settings = Resilience(
            BreakerSettings(3, 60.0, 1, adaptive_mode=False), backoff=Backoff(2_000, 30_000)
        )
        url = f"http://127.0.0.1:{server.port}"
        source = Source(name, url, HUSH, 60.0, PATIENCE_S)
        timing = Timing(lambda: self.now_ns, self.sleep)
        place = Place(self.standing, lambda: 0.999_999, self.tell, timing)
        self.feed = Feed(source, settings, place, self.web.answer)

    def tell(self, source: str, told: Told) -> bool:
        """The engine's side."""
        self.told.append((source, told))
        self._loop.call_soon_threadsafe(self.spoken.set)
        return self.is_heard

    async def sleep(self, seconds: float) -> None:
        """Time passes by itself."""
        self.now_ns += int(seconds * 1e9)

    def said(self) -> str:
        """All that the log holds."""
        self.standing.log.flush()
        return self.path.read_text()


def lived(folder: Path, name: str, life: Callable[[World], Awaitable[Any]]) -> Any:
    """What comes of a life with a source."""

    async def whole() -> Any:
        async with listening() as server:
            world = World(folder, server, name)
            try:
                return await life(world)
            finally:
                await world.web.close()
                assert HUSH not in world.said()
                world.standing.log.close()

    return asyncio.run(whole())


@pytest.mark.parametrize("name", NAMES)
def test_a_source_is_asked_and_the_engine_told(tmp_path, name):
    """Over a real connection: its value goes on, and it is asked again after its interval."""

    async def life(world: World) -> None:
        world.server.tells(GOOD[name])

        pause_s = await world.feed.turn()

        ((source, told),) = world.told
        assert (source, pause_s, world.feed.told) == (name, 60.0, 1)
        assert float(told.value) != 0.0
        assert world.server.heard[0].count(HUSH.encode()) == 1

    lived(tmp_path, name, life)


FAULTS: dict[str, Callable[[Server], object]] = {
    "silence": lambda server: setattr(server, "reply", None),
    "a closed connection": lambda server: setattr(server, "reply", b""),
    "no HTTP": lambda server: setattr(server, "reply", b"\x00" * 5_000),
    "half an answer": lambda server: setattr(
        server, "reply", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"
    ),
    "garbage": lambda server: server.says(b"<html>down</html>"),
    "an error": lambda server: server.says(b"{}", status=500),
    "another address": lambda server: server.says(b"", 302, "Location: http://127.0.0.1:1/\r\n"),
    "no end": lambda server: server.never_ends(),
    "a packed answer": lambda server: server.says(b"\x1f\x8b", 200, "Content-Encoding: gzip\r\n"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_a_source_lasts_or_reaches_the_engine(tmp_path, fault):
    """Bounded in time and size, said once, tried again later, and over with the next answer."""

    async def life(world: World) -> None:
        FAULTS[fault](world.server)
        began = time.monotonic()

        pauses = [await world.feed.turn() for _ in range(2)]

        assert time.monotonic() - began < 2 * PATIENCE_S + 3.0
        assert world.told == []
        assert world.feed.failed == 2
        assert [round(pause, 1) for pause in pauses] == [2.0, 4.0]
        assert world.said().count("FeedSilent") == 1
        world.server.endless = False
        world.server.tells(GOOD["etherscan"])
        assert await world.feed.turn() == 60.0
        assert len(world.told) == 1

    lived(tmp_path, "etherscan", life)


@pytest.mark.parametrize(
    ("later", "pause_s"),
    [("", 60.0), ("120", 120.0), ("99999", 3_600.0), ("soon", 60.0), ("-5", 60.0), ("0", 60.0)],
)
def test_who_asks_too_often_waits_as_long_as_he_is_told(tmp_path, later, pause_s):
    """By the header in seconds, at most an hour; without one, its usual interval."""

    async def life(world: World) -> None:
        more = f"Retry-After: {later}\r\n" if later else ""
        world.server.says(b"{}", 429, more)

        assert await world.feed.turn() == pause_s
        assert "429" in world.said()

    lived(tmp_path, "coingecko", life)


def test_a_source_that_stays_away_is_left_alone_and_a_person_told(tmp_path):
    """Its breaker opens; then nothing is asked, until a probe finds it well again."""

    async def life(world: World) -> None:
        world.server.says(b"", status=503)
        for _ in range(3):
            await world.sleep(await world.feed.turn())
        asked, opened = len(world.server.heard), world.feed.breaker.state
        pause_s = await world.feed.turn()

        assert (asked, opened, len(world.server.heard)) == (3, OPEN, 3)
        assert 1.0 <= pause_s <= 60.0
        incidents = world.standing.alerts._incidents.open.values()
        assert [(one.component, one.kind) for one in incidents] == [("feed bitquery", "silent")]
        world.server.tells(GOOD["bitquery"])
        await world.sleep(60.0)
        assert await world.feed.turn() == 60.0
        assert world.feed.breaker.state == CLOSED
        assert not world.standing.alerts._incidents.open

    lived(tmp_path, "bitquery", life)


def test_a_word_that_no_engine_hears_is_gone(tmp_path):
    """It is no fault of the source's, and is not kept: it would be old."""

    async def life(world: World) -> None:
        world.server.tells(GOOD["whalealert"])
        world.is_heard = False

        assert await world.feed.turn() == 60.0
        assert (world.feed.unheard, world.feed.failed) == (1, 0)

    lived(tmp_path, "whalealert", life)


def test_a_key_is_never_logged(tmp_path, caplog):
    """Neither by us, in whatever happens, nor above debugging by the library."""
    caplog.set_level(logging.WARNING)

    async def life(world: World) -> None:
        for fault in FAULTS.values():
            fault(world.server)
            await world.feed.turn()
            world.server.endless = False

    lived(tmp_path, "etherscan", life)
    assert HUSH not in caplog.text


def test_a_source_that_hangs_delays_no_other(tmp_path):
    """Each asks by itself; at the end both stop at once."""

    async def life(world: World) -> None:
        world.server.reply = None
        place = Place(world.standing, lambda: 0.0, world.tell)
        async with listening() as quick:
            quick.tells(GOOD["etherscan"])
            sources = [
                Source("coingecko", f"http://127.0.0.1:{world.server.port}", "", 60.0, 30.0),
                Source("etherscan", f"http://127.0.0.1:{quick.port}", "", 60.0, 30.0),
            ]
            async with running(sources, Resilience(), place):
                await asyncio.wait_for(world.spoken.wait(), 10.0)
                began = time.monotonic()

        assert [name for name, _ in world.told] == ["etherscan"]
        assert time.monotonic() - began < 5.0

    lived(tmp_path, "coingecko", life)


def test_a_feed_that_ends_by_a_fault_of_ours_is_an_alarm(tmp_path, monkeypatch):
    """The others go on, and a person is told."""

    async def life(world: World) -> None:
        async def broken(_self: Feed) -> float:
            raise ZeroDivisionError

        monkeypatch.setattr(Feed, "turn", broken)
        source = Source("coingecko", "http://127.0.0.1:1", "", 60.0, 1.0)
        place = Place(world.standing, lambda: 0.0, world.tell)
        async with running([source], Resilience(), place):
            for _ in range(20):
                await asyncio.sleep(0)

        assert "feed coingecko ended: ZeroDivisionError" in world.said()

    lived(tmp_path, "coingecko", life)


def test_without_a_source_nothing_of_the_web_is_loaded(tmp_path, monkeypatch):
    """Where none is configured nobody asks, and httpx is not needed."""
    monkeypatch.setattr(Web, "__init__", lambda *_: pytest.fail("nobody is asked"))

    async def life() -> list[Feed]:
        nobody: Any = None
        async with running([], Resilience(), Place(nobody, float, nobody)) as feeds:
            return feeds

    assert asyncio.run(life()) == []
