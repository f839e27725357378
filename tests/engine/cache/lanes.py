"""What must be true of a tier whose server fails? Callers with keys of their own, and a model."""

import random
from typing import Any

from engine.cache.tier import Row
from engine.cache.values import REVOKED, Codec
from tests.engine.cache.keeping_rows import entry_of, now_ms, row_of

CODEC: Codec[Any] = Codec("any", object)
KEYS_A_LANE, TRIES_TO_MEND = 25, 50


class Lane:
    """Keys that one caller after another asks for, and what must be true of each.

    `floor` is the newest version that was confirmed or seen: nothing older may come any more.
    """

    def __init__(self, number: int, tier: Any, l1: "Above") -> None:
        self.draw, self.l1, self.tier = random.Random(number), l1, tier
        self.keys = [f"{number}:{place}" for place in range(KEYS_A_LANE)]
        self.version, self.floor = 0, dict.fromkeys(self.keys, 0)
        self.hits = self.unconfirmed = 0

    async def step(self) -> None:
        """One operation."""
        act, keys = self.draw.random(), self.draw.sample(self.keys, self.draw.randint(1, 4))
        if act < 0.5:
            await self.read(keys)
        else:
            await self.write(keys, revoked=act > 0.9)

    async def read(self, keys: list[str]) -> None:
        """Whatever is found was once written under its key, and is not older than what is known."""
        async with self.l1.filling(keys) as fill:
            found = await self.tier.get_many(keys)
            for key, packed in zip(keys, found, strict=True):
                entry = packed and CODEC.unpack(key, packed, now_ms())
                if not entry:
                    continue
                assert entry.value == value_at(key, entry.version)
                assert self.floor[key] <= entry.version <= self.version
                self.floor[key] = entry.version
                self.hits += 1
                fill(key, entry.version)

    async def mend(self) -> None:
        """Every key can be written and read again, soon: a probe or two may still fail."""
        found: list[bytes | None] = [None]
        for _ in range(TRIES_TO_MEND):
            await self.write(self.keys, revoked=False)
            found = await self.tier.get_many(self.keys)
            if None not in found:
                return
        assert None not in found

    async def write(self, keys: list[str], *, revoked: bool) -> None:
        """New versions, or what stands in the way of all older ones."""
        rows = []
        for key in keys:
            self.version += 1
            if revoked:
                entry = entry_of(REVOKED, self.version)
                row = Row(key, self.version, entry.hard_ms, CODEC.pack(key, entry))
            else:
                row = row_of(CODEC, key, value_at(key, self.version), self.version)
            rows.append(row)
            self.l1.drop(key)
        before = self.tier.tally.sets
        late = await self.tier.set_many(rows)
        assert late == []
        if self.tier.tally.sets - before == len(rows):
            self.floor.update((row.key, row.version) for row in rows)
        else:
            self.unconfirmed += 1


class Above:
    """The tier above, as small as it can be: what another process changes must not stay here."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self._filling: dict[str, int] = {}

    def changed(self, key: str | None) -> None:
        """All or one is no more, and who is on the way with it must not keep it."""
        for one in [*self.kept, *self._filling] if key is None else [key]:
            self.drop(one)

    def drop(self, key: str) -> None:
        """This one."""
        self.kept.pop(key, None)
        if key in self._filling:
            self._filling[key] += 1

    def filling(self, keys: list[str]) -> "Filling":
        """Around a read of these keys."""
        return Filling(self, keys)


class Filling:
    """Keys that are being read: what changes meanwhile is not kept."""

    def __init__(self, above: Above, keys: list[str]) -> None:
        self._above, self._keys = above, keys

    async def __aenter__(self) -> Any:
        filling = self._above._filling
        began = {key: filling.setdefault(key, 0) for key in self._keys}

        def fill(key: str, version: int) -> None:
            if filling[key] == began[key]:
                self._above.kept[key] = version

        return fill

    async def __aexit__(self, *_: object) -> None:
        for key in self._keys:
            self._above._filling.pop(key, None)


def value_at(key: str, version: int) -> dict[str, Any]:
    """What this version of the key holds, and no other."""
    return {"key": key, "version": version, "filler": f"{version:x}" * (version % 40)}
