"""What do all processes share? The second tier: a namespace in Redis, with a bound of its own.

Each write compares versions inside Redis, so a late one never replaces a newer value. The same
script keeps the namespace's index by time of death: what is beyond the capacity goes, the dead and
then the soonest to die first. So the bound is exact, for some 120 bytes of index an entry.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.cache.redis import Redis
from engine.cache.redis_link import Question, code_of
from engine.cache.tier import Clock, Row, Tally, batches, standing_of
from engine.cache.values import FORMAT, MAGIC, VERSION_AT
from engine.errors import Refused

PREFIX = f"supreme:{FORMAT}:"
CAPACITY = 100_000  # entries
KEYS_AT_ONCE, ROWS_AT_ONCE = 32, 32  # in one command: Redis does nothing else meanwhile
TRIMMED_AT_ONCE = 1_000
NAME = re.compile(r"[a-z0-9_.-]{1,64}")
Changed = Callable[[str | None], object]

# KEYS: index, keys. ARGV: capacity, trimmed at most; then entry, time left, time of death of each.
# EXISTS after the write, because only what was read since its last change is told of when another
# process changes it (older servers count any read of a script for all its keys). An answer names
# the places of those keys that hold as new a version already.
KEEP = f"""
local index, longest, outdated = KEYS[1], 0, {{}}
for i = 2, #KEYS do
  local key, at = KEYS[i], 3 * (i - 1)
  local found, keeps = redis.pcall('GETRANGE', key, 0, {VERSION_AT + 7}), false
  if type(found) == 'string' and #found == {VERSION_AT + 8}
      and string.sub(found, 1, 2) == '{MAGIC.decode()}' then
    local high, low = struct.unpack('>I4I4', found, {VERSION_AT + 1})
    local our_high, our_low = struct.unpack('>I4I4', ARGV[at], {VERSION_AT + 1})
    keeps = high > our_high or (high == our_high and low >= our_low)
  end
  if keeps then
    outdated[#outdated + 1] = i - 2
  else
    redis.call('SET', key, ARGV[at], 'PX', ARGV[at + 1])
    redis.call('ZADD', index, ARGV[at + 2], key)
    longest = math.max(longest, tonumber(ARGV[at + 1]))
  end
  redis.call('EXISTS', key)
end
local over = redis.call('ZCARD', index) - tonumber(ARGV[1])
if over > 0 then
  local gone = redis.call('ZPOPMIN', index, math.min(over, tonumber(ARGV[2])))
  for i = 1, #gone, 2 do redis.call('UNLINK', gone[i]) end
end
if redis.call('PTTL', index) < longest then redis.call('PEXPIRE', index, longest) end
return outdated
"""


class RedisTier:
    """A namespace in a Redis. `changed` hears of keys that others changed, None for all.

    It may hear of a key between an answer and the turn of whoever waits for that answer: what was
    read before is old then, and must not be kept.
    """

    def __init__(
        self,
        redis: Redis,
        namespace: str,
        clock_ms: Clock,
        changed: Changed,
        capacity: int = CAPACITY,
    ) -> None:
        if not NAME.fullmatch(namespace):
            raise Refused(f"{namespace!r} is no namespace", f"it must look like {NAME.pattern}")
        self._redis, self._clock_ms, self._changed = redis, clock_ms, changed
        self._prefix = f"{PREFIX}{namespace}:".encode()
        self._index = f"{PREFIX}{namespace}#".encode()
        self._bounds = (capacity, TRIMMED_AT_ONCE)
        self.tally = Tally()
        redis.changed.append(self._heard)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """What lies under each key; None for nothing, for what is dead, and from a Redis down."""
        if len(keys) == 1:
            replies = await self._redis.ask([("GET", self._full(keys[0]))], self.tally)
            found = replies
        else:
            parts = [keys[at : at + KEYS_AT_ONCE] for at in range(0, len(keys), KEYS_AT_ONCE)]
            asked: list[Question] = [("MGET", *map(self._full, part)) for part in parts]
            replies = await self._redis.ask(asked, self.tally) if asked else []
            found = replies and self._joined(parts, replies)
        if found is None:
            return [None] * len(keys)
        answers = [self._trusted(one) for one in found]
        self.tally.found(answers)
        return answers

    async def set_many(self, rows: Sequence[Row]) -> list[str]:
        """Keep them; gives the keys under which as new a version already lies, and stays."""
        now_ms = self._clock_ms()
        fitting = self.tally.fitting(rows, now_ms)
        asked = [(batch, self._keeping(batch, now_ms)) for batch in batches(fitting, ROWS_AT_ONCE)]
        outdated: list[str] = []
        replies = await self._redis.ask([one for _, one in asked], self.tally) if asked else []
        for (batch, _), reply in zip(asked, replies or (), strict=False):
            if not are_places(reply, len(batch)):
                self._refused(reply)
                if isinstance(reply, Exception):  # no room: what it would have replaced is old
                    await self.delete_many([row.key for row in batch])
                continue
            outdated += [batch[at].key for at in reply]
            self.tally.sets += len(batch) - len(reply)
        self.tally.outdated += len(outdated)
        return outdated

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Nothing lies under these keys any more."""
        asked: list[Question] = []
        for at in range(0, len(keys), KEYS_AT_ONCE):
            full = [self._full(key) for key in keys[at : at + KEYS_AT_ONCE]]
            asked += [("DEL", *full), ("ZREM", self._index, *full)]
        for reply in (await self._redis.ask(asked, self.tally) if asked else None) or ():
            if type(reply) is not int:
                self._refused(reply)
                return
        self.tally.deletes += len(keys)

    def stats(self) -> dict[str, int | float | str]:
        """What was asked and what came of it, and how Redis stands."""
        return {**standing_of(self.tally, self._redis.breaker), **self._redis.stats()}

    async def close(self) -> None:
        """Hear of no more changes; the Redis is its maker's."""
        if self._heard in self._redis.changed:
            self._redis.changed.remove(self._heard)

    def _full(self, key: str) -> bytes:
        return self._prefix + key.encode()

    def _keeping(self, batch: Sequence[Row], now_ms: int) -> Question:
        keys = [self._full(row.key) for row in batch]
        words = [(row.entry, row.dead_at_ms - now_ms, row.dead_at_ms) for row in batch]
        rest = [word for three in words for word in three]
        return ("EVAL", KEEP, len(keys) + 1, self._index, *keys, *self._bounds, *rest)

    def _joined(self, parts: Sequence[Sequence[str]], replies: Sequence[Any]) -> list[Any]:
        """One answer a key."""
        found: list[Any] = []
        for part, reply in zip(parts, replies, strict=True):
            if isinstance(reply, list) and len(reply) == len(part):
                found += reply
            else:
                self._refused(reply)
                found += [None] * len(part)
        return found

    def _trusted(self, reply: object) -> bytes | None:
        """Bytes or nothing; all else cannot be what lies under a key of ours."""
        if reply is None or type(reply) is bytes:
            return reply
        self._refused(reply)
        return None

    def _refused(self, reply: object) -> None:
        """An error is Redis's word on one request; anything else is the answer to another one."""
        if code_of(reply) == "WRONGTYPE":
            self.tally.odd += 1
        elif isinstance(reply, Exception):
            self.tally.refused += 1
        else:
            self._redis.mistrust("its answer was not to what was asked")
            self.tally.errors += 1

    def _heard(self, key: bytes | None) -> None:
        if key is None:
            self._changed(None)
        elif key.startswith(self._prefix):
            self._changed(key[len(self._prefix) :].decode(errors="replace"))


def are_places(reply: Any, count: int) -> bool:
    """Whether an answer names rows of a batch of so many."""
    return isinstance(reply, list) and all(type(at) is int and 0 <= at < count for at in reply)
