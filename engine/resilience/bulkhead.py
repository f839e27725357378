"""May one more call go to this dependency now? Each holds its own share of what there is."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.errors import Refused

ADMITTED, WAITS, FULL = "admitted", "waits", "full"


class Line:
    """Those who wait, first come first served: never more than `most`, never past their time."""

    def __init__(self, most: int, patience_ns: int) -> None:
        self.most, self.patience_ns = most, patience_ns
        self._until: dict[int, int] = {}  # in order of coming, and so of patience ending

    def __len__(self) -> int:
        return len(self._until)

    def joins(self, who: int, now_ns: int) -> bool:
        """Whether there was room for one more."""
        if len(self._until) >= self.most:
            return False
        self._until[who] = now_ns + self.patience_ns
        return True

    def first(self) -> int:
        """Whose turn it is; taken out of the line. StopIteration of an empty one."""
        who = next(iter(self._until))
        del self._until[who]
        return who

    def leaves(self, who: int) -> bool:
        """Whether somebody who gives up stood in it."""
        return self._until.pop(who, None) is not None

    def late(self, now_ns: int) -> list[int]:
        """Those whose patience is over; taken out of the line."""
        over = []
        for who, until_ns in self._until.items():
            if until_ns > now_ns:
                break
            over.append(who)
        for who in over:
            del self._until[who]
        return over

    def next_due_ns(self) -> int:
        """When the first one's patience is over; 0 of an empty line."""
        return next(iter(self._until.values()), 0)


class Share(NamedTuple):
    """Of one dependency: calls at once, calls that may wait, and for how long."""

    at_once: int
    waiting: int = 0
    patience_ns: int = 0


class Bulkhead:
    """One dependency's share of the calls; `who` is any number of the caller's."""

    def __init__(self, name: str, share: Share) -> None:
        self.name, self.share = name, share
        self.inside: set[int] = set()
        self.line = Line(share.waiting, share.patience_ns)
        self.admitted = self.refused = self.late = self.most = 0

    def enter(self, who: int, now_ns: int) -> str:
        """ADMITTED; WAITS, and is named by a later `leave`; or FULL, and may not."""
        if len(self.inside) < self.share.at_once:
            self._admit(who)
            return ADMITTED
        if self.line.joins(who, now_ns):
            return WAITS
        self.refused += 1
        return FULL

    def leave(self, who: int) -> int | None:
        """A call ended, or gave up waiting: who of those who wait is admitted in its place."""
        if who not in self.inside:
            self.line.leaves(who)
            return None
        self.inside.remove(who)
        if not self.line:
            return None
        admitted = self.line.first()
        self._admit(admitted)
        return admitted

    def expire(self, now_ns: int) -> list[int]:
        """Those who have waited long enough to be refused."""
        over = self.line.late(now_ns)
        self.late += len(over)
        return over

    def metrics(self) -> dict[str, int]:
        """How full it is, how full it was, and how many were turned away."""
        return {
            "inside": len(self.inside),
            "waiting": len(self.line),
            "most": self.most,
            "admitted": self.admitted,
            "refused": self.refused,
            "late": self.late,
        }

    def _admit(self, who: int) -> None:
        self.inside.add(who)
        self.admitted += 1
        self.most = max(self.most, len(self.inside))


def bulkheads(total: int, shares: Mapping[str, Share]) -> dict[str, Bulkhead]:
    """One for each dependency. Refused if they promise more than there is, or nothing."""
    promised = sum(share.at_once for share in shares.values())
    if promised > total:
        raise Refused(
            f"shares of {promised} calls are promised where {total} may run",
            "make one smaller: a share holds however slow the others are",
        )
    for name, share in shares.items():
        if share.at_once < 1 or share.waiting < 0 or share.patience_ns < 0:
            raise Refused(
                f"the share of {name} is impossible: {share}", "give it at least one call"
            )
    return {name: Bulkhead(name, share) for name, share in shares.items()}
