"""What goes wrong today, and when? A seeded plan of a venue's bad days; no clock, no sockets.

Every draw comes from one generator in the order in which it is asked, and every time is told by
the caller: the same plan serves a venue on sockets and one in virtual time.
"""

from random import Random
from typing import NamedTuple

from engine.instruments import e8_of
from engine.venues.exchange.door.asking import TRADE, Row

OVERTAKEN_US = (50_000, 500_000)  # how much later an event comes that others overtake
UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
E8 = 100_000_000
BUS = "An unexpected response was received from the message bus. Execution status unknown."
TIMEOUT = (
    "Timeout waiting for response from backend server. Send status unknown; "
    "execution status unknown."
)
# What an answer of unknown outcome says; None: nobody answers at all.
UNKNOWN = (
    (503, -1000, "An unknown error occurred while processing the request."),
    (500, -1006, BUS),
    (504, -1007, TIMEOUT),
    None,
)
Said = tuple[int, int, str]


class Plan(NamedTuple):
    """How bad it is: shares in 1e-8, times in us; all zeros is a good day."""

    latency_us: tuple[int, int] = (0, 0)  # each way, least and most
    drop_e8: int = 0  # of events
    duplicate_e8: int = 0
    reorder_e8: int = 0  # they come behind others that were told after them
    unknown_e8: int = 0  # of orders and cancels
    disconnect_us: int = 0  # the mean life of a connection
    skew_us: int = 0  # the venue's clock ahead of the true one, or behind it
    ban: tuple[int, int] = (0, 0)  # every so often, for so long
    halt: tuple[int, int] = (0, 0)


STORM = (
    "latency=1ms..40ms,drop=0.01,duplicate=0.02,unknown=0.03,disconnect=45s,skew=200ms,"
    "ban=5m/10s,halt=2m/3s"
)
GOOD_DAY = Plan()


class Fate(NamedTuple):
    """What becomes of one request."""

    before_us: int = 0
    after_us: int = 0
    is_unknown: bool = False
    has_effect: bool = True
    said: Said | None = None


PLAIN = Fate()


def plan_of(text: str) -> Plan:
    """The plan that words describe: `storm`, or `latency=5ms..50ms,drop=0.01`. ValueError."""
    found: dict[str, object] = {}
    for part in (STORM if text == "storm" else text).split(","):
        name, _, value = part.strip().partition("=")
        if name not in READERS:
            raise ValueError(f"{name or text!r} is no fault; known: storm, {', '.join(READERS)}")
        try:
            field, read = READERS[name]
            found[field] = read(value)
        except ValueError as wrong:
            raise ValueError(f"{name}={value}: {wrong}") from wrong
    return GOOD_DAY._replace(**found)  # type: ignore[arg-type]


def duration(text: str) -> int:
    """A time with its unit, in us."""
    for unit in ("us", "ms", "s", "m", "h"):
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdigit():
            return e8_of(number) * UNITS_US[unit] // E8
    raise ValueError("write a time as 250ms, 5s or 2m")


def offset(text: str) -> int:
    """A time, or one before now: -3s."""
    return -duration(text[1:]) if text.startswith("-") else duration(text)


def stretch(text: str) -> tuple[int, int]:
    """One time, or the least and the most of it."""
    least, mark, most = text.partition("..")
    found = (duration(least), duration(most if mark else least))
    if found[0] > found[1]:
        raise ValueError("the most is less than the least")
    return found


def spell(text: str) -> tuple[int, int]:
    """Every so often, for so long."""
    every, mark, lasts = text.partition("/")
    if not mark:
        raise ValueError("write it as 2m/5s: every two minutes, for five seconds")
    return duration(every), duration(lasts)


def share(text: str) -> int:
    """A part of the whole."""
    found = e8_of(text)
    if not 0 <= found <= E8:
        raise ValueError("is no share between 0 and 1")
    return found


READERS = {
    "latency": ("latency_us", stretch),
    "drop": ("drop_e8", share),
    "duplicate": ("duplicate_e8", share),
    "reorder": ("reorder_e8", share),
    "unknown": ("unknown_e8", share),
    "disconnect": ("disconnect_us", duration),
    "skew": ("skew_us", offset),
    "ban": ("ban", spell),
    "halt": ("halt", spell),
}


class Faults:
    """The draws of a plan; `counts` says how often each fault was drawn.

    While they rest it is a good day. Of unknown orders `effect` says how many took effect;
    `limited` and `banned` are requests refused for being too many, and in spite of a ban.
    """

    def __init__(self, plan: Plan, seed: int) -> None:
        self.given, self.random = plan, Random(seed)  # noqa: S311  a plan, no secret
        self.is_resting = False
        self.counts = dict.fromkeys((*READERS, "effect", "limited", "banned"), 0)

    @property
    def plan(self) -> Plan:
        """How bad it is now."""
        return GOOD_DAY if self.is_resting else self.given

    def fate(self, row: Row) -> Fate:
        """What becomes of a request."""
        plan = self.plan
        if plan.latency_us[1] == 0 and plan.unknown_e8 == 0:
            return PLAIN
        before, after = self.delay(), self.delay()
        if row.security != TRADE or not self.happens("unknown", plan.unknown_e8):
            return Fate(before, after)
        has_effect = self.random.random() < 0.5
        self.counts["effect"] += has_effect
        return Fate(before, after, True, has_effect, self.random.choice(UNKNOWN))

    def delay(self) -> int:
        """How long something is on its way, in us."""
        least, most = self.plan.latency_us
        return self.random.randint(least, most) if most else 0

    def copies(self) -> int:
        """How often an event arrives: 0, 1 or 2 times."""
        if self.happens("drop", self.plan.drop_e8):
            return 0
        return 2 if self.happens("duplicate", self.plan.duplicate_e8) else 1

    def overtaken_us(self) -> int:
        """How much later this event comes than those behind it; 0: in its turn."""
        if not self.happens("reorder", self.plan.reorder_e8):
            return 0
        return self.random.randint(*OVERTAKEN_US)

    def lifetime_us(self) -> int:
        """How long a connection lives before it is cut; 0: as long as it likes."""
        mean = self.plan.disconnect_us
        return int(self.random.expovariate(1.0) * mean) + 1 if mean else 0

    def chosen(self, names: list[str]) -> str:
        """One of them."""
        return self.random.choice(names)

    def next_spell(self, kind: str) -> tuple[int, int]:
        """How long until the next one and how long it lasts, in us; zeros: never."""
        every, lasts = self.given.ban if kind == "ban" else self.given.halt
        if not every:
            return 0, 0
        return int(every * (0.5 + self.random.random())), lasts

    def happens(self, kind: str, part_e8: int) -> bool:
        """Whether it happens this time."""
        if not part_e8:
            return False
        is_so = self.random.random() * E8 < part_e8
        self.counts[kind] += is_so
        return is_so
