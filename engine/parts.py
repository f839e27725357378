"""What does a running engine consist of, and how is every part of it given back?"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.errors import Refused
from engine.instruments import Instrument
from engine.log import Log
from engine.profile import Profile
from engine.streams import INTERNAL, INTERRUPTED, REFUSED
from engine.venues.asking import Held
from engine.venues.holdings import held_in
from engine.venues.settings import Exchange

if TYPE_CHECKING:
    from engine.journal.folded import Kept
    from engine.journal.lock import Lock
    from engine.journal.writer import Journal
    from engine.loop import Loop
    from engine.options import Options


class Source(NamedTuple):
    """Where the market comes from: `records(skip)` goes on after that many of its records."""

    label: str
    simulated: bool
    instruments: list[Instrument]
    start_ns: int
    heartbeat_ns: int  # 0 leaves it to the profile
    records: Callable[[int], Iterator[bytes]]  # none of a market that is heard as it happens
    exchange: Exchange | None = None  # who answers orders, where it is not the simulated fills
    join: Callable[["Engine"], Any] | None = None  # of a market that is heard: its connections
    waited_s: float = 0.0  # for it to be there: it counts for how long is to be run


class Stopped(Exception):
    """Somebody asked to stop before the engine was ready; `code` says how."""

    def __init__(self, code: int) -> None:
        super().__init__(f"stopped with code {code}")
        self.code = code


class Engine:
    """Everything a running engine consists of; `held` gives its parts back, the last one first."""

    def __init__(self, core: Any, source: Source, profile: Profile) -> None:
        self.core, self.source, self.profile = core, source, profile
        self.names = [traded.name for traded in source.instruments]
        self.lock: Lock
        self.log: Log
        self.journal: Journal
        self.loop: Loop
        self.kept: Kept  # what the journal says by now beside the state
        self.records: Iterator[bytes]  # of the market, from the first that the journal lacks
        self.ordered = 0  # the newest order of the lives before this one
        self.resumed = False  # whether the journal held market records
        self.is_whole = False  # whether it ended as it should, nothing left undone
        self.code = 0
        self.why = ""  # it failed, as the end of a sentence
        self.held: list[Callable[[], None]] = []

    def take_core(self, core: Any) -> None:
        """Go on with another core from the same state."""
        core.restore(self.core.image())
        self.core = self.loop.core = core
        if self.source.exchange is None:
            self.loop.venue.core = core  # type: ignore[attr-defined]

    def joined(self) -> Any:
        """The connections of its source, made for this engine."""
        if self.source.join is None:
            raise ValueError("this market is not heard")
        return self.source.join(self)

    def holds(self) -> Held:
        """What it knows to hold at its venue, and what there is not its own."""
        return held_in(self.core.state, is_shared=True)

    def keep_log(self, log: Log) -> None:
        """The log, whose last line is how the engine ended."""
        self.log = log
        self.held.append(self._end_log)

    def fail(self, error: BaseException) -> None:
        """What ends this engine, told to the log."""
        self.code = code_of(error)
        self.why = f" ({str(error).partition(chr(10))[0]})"
        if self.held and self._end_log in self.held and not isinstance(error, Stopped):
            level = "error" if isinstance(error, Refused) else "critical"
            self.log.say(level, type(error).__name__, what=str(error).replace("\n", " "))

    def close(self) -> None:
        """Everything appended becomes durable, the directory is free for the next start.

        Every part is given back, though one fails; the first failure is raised then.
        """
        failed: Exception | None = None
        while self.held:
            try:
                self.held.pop()()
            except Exception as error:  # noqa: BLE001  the other parts must be given back too
                failed = failed or error
                self.fail(error)
        if failed is not None:
            raise failed

    def _end_log(self) -> None:
        self.log.say("info", "EngineStopped", code=self.code)
        self.log.close()


def pace_of(engine: Engine, options: "Options") -> float:
    """Seconds of market time a second, 0 for as fast as can be; what is heard lives in our time."""
    return options.speed if engine.source.join is None else 1.0


def code_of(error: BaseException) -> int:
    """The exit code of what ended a process."""
    if isinstance(error, (Refused, Stopped)):
        return error.code
    if isinstance(error, MemoryError):
        return REFUSED
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else INTERNAL
