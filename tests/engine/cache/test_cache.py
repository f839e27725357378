"""Is a process's cache put together from what there is, and does it remember what it learnt?"""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msgspec", reason="needs msgspec: pip install 'supreme[cache]'")

from engine.cache.cache import LEARNT, STORED, Cache, Namespace, Surroundings
from engine.cache.settings import ROWS, Settings, settings_of
from engine.layout import I

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
    """Not into a file, also when all is closed."""

    async def life() -> None:
        one = Made(tmp_path)
        await one.cache.start()
        await one.get("hush-hush", "secrets")
        assert one.cache.namespaces["secrets"].lower == []
        await one.cache.close()

    run(life())
    stored = [path for path in tmp_path.iterdir() if path.name != LEARNT]
    assert not [path for path in stored if b"hush-hush" in path.read_bytes()]


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
        for key in ("a", "b", "a", "b"):
            await one.get(key)
        one.cache.forget()
        pages = one.cache.namespaces["pages"]
        assert pages.get("a") is None
        assert pages.ahead is not None
        assert pages.ahead.prefetch.synapses.predict_prefetch_candidates("a") == []
        await asyncio.sleep(0.05)
        assert await one.get("a") == b"a"
        assert one.asked == 2
        await one.cache.close()
        assert (tmp_path / STORED).exists()

    run(life())


def test_a_profile_says_all_of_it():
    """The keys' defaults are the settings' own."""
    values = {key: row.default for key, row in ROWS.items()}

    assert settings_of(values) == Settings()
    assert isinstance(values["cache.entries"], int)
    assert ROWS["cache.entries"].kind == I
