"""Is a process's cache put together from what there is, and does it remember what it learnt?"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="needs msgspec: .venv/bin/pip install '.[cache]'")

from engine.cache.cache import LEARNT, STORED, Cache, Namespace, Surroundings
from engine.cache.settings import ROWS, Settings, settings_of
from engine.layout import I
from engine.service.reads import known_of

Said = list[tuple[str, str, str]]


class Made:
    """A cache in a folder, what it said, and how often its source was asked."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.said: Said = []
        self.asked = 0
        around = Surroundings(
            str(folder), None, lambda: time.time_ns() // 1_000_000, random.Random(1).random,
            lambda _told: None, lambda *words: self.said.append(words),
        )  # fmt: skip
        secret = Namespace(bytes, self.source, shared=False)
        kinds = {"pages": Namespace(bytes, self.source), "secrets": secret}
        ttl = {"pages": 60.0, "secrets": 60.0}
        self.cache = Cache(Settings(**{"ttl_s": ttl, **changes}), kinds, around)

    async def source(self, key: str) -> bytes:
        """Something for every key."""
        self.asked += 1
        return key.encode()

    async def get(self, key: str, name: str = "pages") -> bytes | None:
        """From wherever it is."""
        found: bytes | None = await self.cache.namespaces[name].get_or_load(key)
        return found


def run(work: Awaitable[None]) -> None:
    """In a loop of its own."""

    async def all_of_it() -> None:
        await asyncio.wait_for(work, 20)

    asyncio.run(all_of_it())


def test_values_and_what_was_learnt_outlive_a_restart(tmp_path):
    """The store keeps the one, a file the other."""

    async def lives() -> None:
        one = Made(tmp_path)
        await one.cache.start()
        for _ in range(3):
            for key in ("a", "b", "c"):
                one.cache.namespaces["pages"].changed(key)
                await one.get(key)
                await asyncio.sleep(0)
        await one.cache.close()
        two = Made(tmp_path)
        await two.cache.start()
        assert await two.get("a") == b"a"
        assert two.asked == 0
        ahead = two.cache.namespaces["pages"].ahead
        assert ahead is not None
        assert "b" in ahead.prefetch.synapses.predict_prefetch_candidates("a")
        await two.cache.close()

    run(lives())


def test_secrets_never_leave_memory(tmp_path):
    """Nor do their keys: not into a file, also when all is closed, nor into what was learnt."""

    async def life() -> None:
        one = Made(tmp_path)
        await one.cache.start()
        for _ in range(3):
            for key in ("hush-hush", "hush-more"):
                await one.get(key, "secrets")
                one.cache.namespaces["secrets"].changed(key)
        assert one.cache.namespaces["secrets"].lower == []
        assert one.cache.namespaces["secrets"].ahead is None
        one.cache.advance()
        one.cache.namespaces["secrets"].memory.set("account", b"hush-token", 1 << 40)
        assert "hush" not in repr(one.cache.stats())
        found = await known_of(one.cache, "account")
        assert found["namespaces"]["secrets"]["memory"]["bytes"] > 0
        assert "hush" not in repr(found)
        await one.cache.close()

    run(life())
    assert (tmp_path / LEARNT).exists()
    assert not [path for path in tmp_path.iterdir() if b"hush" in path.read_bytes()]


def test_a_wall_clock_set_back_lets_nothing_live_longer(tmp_path):
    """Memory's time goes on by itself, whatever the day is said to be."""

    async def life() -> None:
        wall, steady = [10_000_000], [0]
        one = Made(tmp_path, ttl_s={"pages": 1.0, "secrets": 1.0})
        around = one.cache._around._replace(
            now_ms=lambda: wall[0], steady_ns=lambda: steady[0] * 1_000_000
        )
        kinds = {"pages": Namespace(bytes, one.source), "secrets": Namespace(bytes, one.source)}
        cache = Cache(one.cache.settings, kinds, around)
        cache.advance()
        await cache.namespaces["pages"].get_or_load("a")
        wall[0], steady[0] = wall[0] - 3_600_000, 1_001
        cache.advance()
        assert cache.namespaces["pages"].get("a") is None
        await cache.namespaces["pages"].get_or_load("a")
        assert one.asked == 2
        await cache.close()
        await one.cache.close()

    run(life())


@pytest.mark.parametrize("damage", [b"", b"\xff\xff", b"\x81\xa5pages\xa3odd"])
def test_what_cannot_be_read_is_learnt_anew(tmp_path, damage):
    """Said once; all else works."""

    async def life() -> None:
        (tmp_path / LEARNT).write_bytes(damage)
        one = Made(tmp_path)
        await one.cache.start()
        assert await one.get("a") == b"a"
        assert [words[0] for words in one.said] == ["learnt anew"]
        await one.cache.close()

    run(life())


def test_without_its_package_all_stays_in_memory(tmp_path, monkeypatch):
    """Said, and no file is made."""
    monkeypatch.setitem(sys.modules, "msgspec", None)

    async def life() -> None:
        one = Made(tmp_path)
        await one.cache.start()
        assert await one.get("a") == b"a"
        assert await one.get("a") == b"a"
        assert one.asked == 1
        assert one.said[0][0] == "memory alone"
        await one.cache.close()

    run(life())
    assert list(tmp_path.iterdir()) == []


def test_a_reset_forgets_memory_and_what_was_learnt(tmp_path):
    """The store keeps what it has."""

    async def life() -> None:
        one = Made(tmp_path)
        await one.cache.start()
        for key in ("a:1", "a", "b", "a", "b"):
            await one.get(key)
            await asyncio.sleep(0)
        one.cache.forget()
        pages = one.cache.namespaces["pages"]
        assert pages.get("a") is None
        assert pages.ahead is not None
        assert pages.ahead.prefetch.synapses.predict_prefetch_candidates("a") == []
        assert len(pages.ahead.prefetch.series) == 0
        again = Made(tmp_path)
        again.cache._remember()
        known = again.cache.namespaces["pages"].ahead
        assert known is not None
        assert known.prefetch.synapses.predict_prefetch_candidates("a") == []
        await asyncio.sleep(0.05)
        assert await one.get("a") == b"a"
        assert one.asked == 3
        await one.cache.close()
        assert (tmp_path / STORED).exists()

    run(life())


def test_a_profile_says_all_of_it():
    """The keys' defaults are the settings' own."""
    values = {key: row.default for key, row in ROWS.items()}

    assert settings_of(values) == Settings()
    assert isinstance(values["cache.entries"], int)
    assert ROWS["cache.entries"].kind == I
