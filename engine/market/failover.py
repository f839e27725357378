"""Which source feeds the engine, since when and why? The first that is well; back only if proven.

A source that begins to speak must go on for a while before it takes over from one that is well,
longer each time it fell shortly before. Where nobody is well, whoever speaks is better than none.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

SECOND_NS = 1_000_000_000
IDLE, STARTING, PROVING, WELL = "idle", "starting", "proving", "well"
BEGUN, HEARD, PROVED, SILENT, LOST, GAPPED, FAILING, ENDED = (
    "begun",
    "heard",
    "proved",
    "silent",
    "lost",
    "gapped",
    "failing",
    "ended",
)
FALLS = (SILENT, LOST, GAPPED, FAILING)
NEXT = {
    (IDLE, BEGUN): STARTING,
    (STARTING, HEARD): PROVING,
    (PROVING, PROVED): WELL,
    **{(state, fall): STARTING for state in (PROVING, WELL) for fall in FALLS},
    **{(state, ENDED): IDLE for state in (STARTING, PROVING, WELL)},
}
SPEAKING = (PROVING, WELL)
FALLS_WITHIN_NS = 3_600 * SECOND_NS  # falls remembered
SWITCHES_KEPT = 16


class Patience(NamedTuple):
    """How long is waited, ns."""

    silence_ns: int = 10 * SECOND_NS  # without a message a source is silent
    away_ns: int = 3 * SECOND_NS  # before the next source is begun: most lines are back by then
    proof_ns: int = 30 * SECOND_NS  # speaking for so long is well; doubled by each fall
    proof_max_ns: int = 600 * SECOND_NS


class Standing:
    """How one source stands; `moved` until somebody looked."""

    def __init__(self, name: str, patience: Patience) -> None:
        self.name, self.patience = name, patience
        self.state, self.why = IDLE, ""
        self.since_ns = self.heard_ns = 0
        self.falls: deque[int] = deque(maxlen=8)
        self.moved = False

    def signal(self, what: str, now_ns: int, why: str = "") -> bool:
        """Something happened; whether it counts in this state."""
        after = NEXT.get((self.state, what))
        if after is None:
            self.why = why or self.why
            return False
        if what in FALLS:
            self.falls.append(now_ns)
        self.state, self.why, self.since_ns, self.moved = after, why or what, now_ns, True
        return True

    def hear(self, now_ns: int) -> None:
        """A message of it came."""
        self.heard_ns = now_ns
        if self.state == STARTING:
            self.signal(HEARD, now_ns)

    def tick(self, now_ns: int) -> None:
        """Time passed."""
        if self.state in SPEAKING and now_ns >= self.heard_ns + self.patience.silence_ns:
            seconds = self.patience.silence_ns / SECOND_NS
            self.signal(SILENT, now_ns, f"silent for {seconds:g} s")
        if self.state == PROVING and now_ns >= self.since_ns + self.proof_ns(now_ns):
            self.signal(PROVED, now_ns)

    def proof_ns(self, now_ns: int) -> int:
        """How long it must speak until it is well."""
        while self.falls and self.falls[0] <= now_ns - FALLS_WITHIN_NS:
            self.falls.popleft()
        doubled = self.patience.proof_ns << max(len(self.falls) - 1, 0)
        return min(doubled, self.patience.proof_max_ns)

    def due_ns(self, now_ns: int) -> int:
        """When `tick` may have something to say, 0 if it has not."""
        if self.state not in SPEAKING:
            return 0
        silent_ns = self.heard_ns + self.patience.silence_ns
        if self.state == WELL:
            return silent_ns
        return min(silent_ns, self.since_ns + self.proof_ns(now_ns))


class Switch(NamedTuple):
    """From when on which source feeds, "" for none, and why."""

    source: str
    since_ns: int
    why: str


class Choice:
    """The source that feeds, of several in order of preference."""

    def __init__(self, standings: Sequence[Standing]) -> None:
        self.standings = standings
        self.feeding: Standing | None = None
        self.switches: deque[Switch] = deque([Switch("", 0, "nothing heard yet")], SWITCHES_KEPT)

    def choose(self, now_ns: int) -> bool:
        """Look at how the sources stand; whether another one feeds from now on."""
        best = self._best()
        for standing in self.standings:
            standing.moved = False
        if best is self.feeding:
            return False
        before, self.feeding = self.feeding, best
        self.switches.append(Switch(best.name if best else "", now_ns, self._why(before)))
        return True

    def _best(self) -> Standing | None:
        well = next((one for one in self.standings if one.state == WELL), None)
        if well is not None:
            return well
        if self.feeding is not None and self.feeding.state in SPEAKING:
            return self.feeding
        return next((one for one in self.standings if one.state in SPEAKING), None)

    def _why(self, before: Standing | None) -> str:
        if before is None:
            return "it speaks"
        if before.state in SPEAKING and self.feeding is not None:
            return f"{self.feeding.name} is well again"
        return f"{before.name}: {before.why}"

    def is_wanted(self, standing: Standing, now_ns: int) -> bool:
        """Whether a source must run: none before it is well, or feeds, or is back at once.

        One that runs already goes on until one before it is well: that one may fall again.
        """
        for one in self.standings:
            if one is standing:
                return True
            if one.state == WELL or (one.state == PROVING and one is self.feeding):
                return False
            is_away = one.state != PROVING and now_ns >= one.since_ns + one.patience.away_ns
            if standing.state == IDLE and one.state != PROVING and not is_away:
                return False
        return False

    def due_ns(self, now_ns: int) -> int:
        """When another source may be wanted because one before it stays away, 0 if none is."""
        waits = [
            one.since_ns + one.patience.away_ns for one in self.standings if one.state == STARTING
        ]
        return min((wait for wait in waits if wait > now_ns), default=0)
