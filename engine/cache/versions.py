"""What is newer? A namespace's versions, and what its process wrote last.

A tier that was down while something was written holds an older value when it is back. A process
therefore reads nothing back that is older than what it wrote itself.
"""

from collections.abc import Callable

KEPT = 10_000  # keys written of late
AGREE_MS = 10_000  # so far the clocks of processes may differ


class Versions:
    """Each is greater than all before, and than those of processes whose clocks are behind."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms, self._last, self._floor = now_ms, 0, 0
        self._written: dict[str, tuple[int, int]] = {}  # key: its version, and until when

    def next(self) -> int:
        """A version for what begins now."""
        self._last = max(self._last + 1, self._now_ms() << 20)
        return self._last

    def wrote(self, key: str, version: int, lasts_ms: int) -> None:
        """This process changed a key; what is older lies in no tier for longer than so long."""
        now_ms = self._now_ms()
        self._written.pop(key, None)
        self._written[key] = version, now_ms + lasts_ms
        while self._written:
            oldest, (its_version, ends_ms) = next(iter(self._written.items()))
            if ends_ms > now_ms and len(self._written) <= KEPT:
                break
            del self._written[oldest]
            if ends_ms > now_ms:  # too many to know: nothing as old as this one is trusted
                self._floor = max(self._floor, its_version)

    def trusts(self, key: str, version: int) -> bool:
        """Whether what a lower tier has under a key is not older than what was written here.

        Nor of a time to come: a clock was set back since, and its time would not be over in time.
        """
        if version >> 20 > self._now_ms() + AGREE_MS:
            return False
        written = self._written.get(key)
        return version >= (self._floor if written is None else written[0])
