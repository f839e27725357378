"""What stops and what goes on while something is away? Named levels, each with its way back."""

from collections.abc import Callable
from typing import NamedTuple

FULL = "full"
BY_ITSELF, BY_A_PERSON = "by itself", "by a person"


class Level(NamedTuple):
    """One level of service; the later in the table, the less goes on."""

    name: str
    trigger: str  # the component whose loss leads here
    stops: str
    continues: str
    back: str  # whether the component's return is enough
    way_back: str


LEVELS = (
    Level(FULL, "", "nothing", "everything", BY_ITSELF, "nothing to do"),
    Level(
        "no_cache", "cache", "answers from Redis, learned ahead of time",
        "memory and the store answer, more slowly", BY_ITSELF, "Redis is filled by use",
    ),
    Level(
        "one_copy", "postgres", "the copy in PostgreSQL, which shows the past up to its loss",
        "SQLite takes every row and answers", BY_ITSELF, "what SQLite took is written there",
    ),
    Level(
        "no_history", "store", "queries of the past, projections",
        "trading; the journal keeps all of it", BY_ITSELF, "projections catch up from the journal",
    ),
    Level(
        "no_context", "context", "slow values from outside the market",
        "trading on the market alone", BY_ITSELF, "the next value is taken",
    ),
    Level(
        "no_entries", "market", "new entries",
        "stops, exits, cancels, the journal", BY_ITSELF, "a fresh quote and whole bars",
    ),
    Level(
        "no_orders", "venue", "every order and cancel",
        "the market is read, the journal is kept", BY_ITSELF, "open orders are asked for, then all",
    ),
    Level(
        "halted", "journal", "all trading", "the picture, for whoever watches",
        BY_A_PERSON, "check the disk, start again, reset",
    ),
)  # fmt: skip


class LevelChanged(NamedTuple):
    """The level of service moved, and which component's loss or return moved it."""

    at_ns: int
    before: str
    after: str
    component: str
    cause: str


class Degradation:
    """Which level holds: the last in the table of those whose trigger is away."""

    def __init__(self, tell: Callable[[LevelChanged], object]) -> None:
        self.away: dict[str, str] = {}  # component -> cause
        self._tell = tell

    @property
    def level(self) -> Level:
        """What stops and what goes on now."""
        return next((one for one in reversed(LEVELS) if one.trigger in self.away), LEVELS[0])

    def lost(self, component: str, now_ns: int, cause: str) -> None:
        """A component is away; KeyError if its loss has no level."""
        level_of(component)
        before = self.level
        self.away[component] = cause
        self._moved(before, component, now_ns, cause)

    def returned(self, component: str, now_ns: int, *, person: str = "") -> bool:
        """Whether a component counts as back: a level may ask for a person to say so."""
        if component not in self.away or (level_of(component).back == BY_A_PERSON and not person):
            return component not in self.away
        before = self.level
        del self.away[component]
        self._moved(before, component, now_ns, person or "healthy again")
        return True

    def _moved(self, before: Level, component: str, now_ns: int, cause: str) -> None:
        after = self.level
        if after != before:
            self._tell(LevelChanged(now_ns, before.name, after.name, component, cause))


def level_of(component: str) -> Level:
    """The level that the loss of a component leads to. KeyError if there is none."""
    for level in LEVELS[1:]:
        if level.trigger == component:
            return level
    raise KeyError(component)
