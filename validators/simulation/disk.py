"""What would a disk keep? A journal in virtual time: syncs take theirs, a power cut its toll."""

from random import Random

from engine.messages import split

SYNC_NS, SLOW_SYNC_NS = 200_000, 3_000_000_000


class Disk:
    """Records in order, durable up to a sequence; a sync takes all that waited when it began."""

    def __init__(self, draw: Random, slow: float = 0.0) -> None:
        self.records: list[bytes] = []
        self.durable = 0
        self.done_ns = 0  # when the sync under way ends, 0 for none
        self._draw, self._slow = draw, slow
        self._until = 0
        self._now_ns = 0

    def append(self, records: bytes) -> int:
        """Queue records; the sequence after the last of them."""
        self.records += split(records)
        if not self.done_ns:
            self._begin()
        return len(self.records)

    def flush(self) -> None:
        """Nothing waits longer here than it must."""

    def wait(self, sequence: int, timeout: float) -> bool:
        """Never asked for: the venue is outside, and commands wait in the loop's own queue."""
        raise AssertionError(f"a loop of a venue outside waited for {sequence} ({timeout} s)")

    def advance(self, now_ns: int) -> None:
        """Time has passed: a sync may have ended, and the next begins."""
        self._now_ns = now_ns
        if self.done_ns and self.done_ns <= now_ns:
            self.durable, self.done_ns = self._until, 0
            if self.durable < len(self.records):
                self._begin()

    def is_syncing(self, kind: int) -> bool:
        """Whether a record of this kind waits to become durable."""
        return any(record[4] == kind for record in self.records[self.durable :])

    def cut(self) -> None:
        """The power goes: what was synced stays, of the rest so much as had reached the disk."""
        kept = self._draw.randrange(self.durable, len(self.records) + 1)
        del self.records[kept:]
        self.durable, self.done_ns = kept, 0

    def _begin(self) -> None:
        is_slow = self._draw.random() < self._slow
        longest_ns = SLOW_SYNC_NS if is_slow else SYNC_NS
        self.done_ns = self._now_ns + 1 + int(self._draw.random() * longest_ns)
        self._until = len(self.records)
