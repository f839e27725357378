"""What must a person know of, who has seen it, and is it over? Incidents and their states."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from engine.errors import Refused
from engine.resilience.ladder import Step

CRITICAL, WARNING = "critical", "warning"
OPEN, ACKNOWLEDGED, CLOSED = "open", "acknowledged", "closed"
NS = 1_000_000_000
# What happens to an incident.
AGAIN, RISEN, ACK, CLOSE, HEALTHY = "again", "risen", "acknowledge", "close", "healthy"
NEXT = {
    (OPEN, AGAIN): OPEN,
    (ACKNOWLEDGED, AGAIN): ACKNOWLEDGED,
    (OPEN, RISEN): OPEN,
    (ACKNOWLEDGED, RISEN): OPEN,  # what was seen was less
    (OPEN, ACK): ACKNOWLEDGED,
    (OPEN, CLOSE): CLOSED,
    (ACKNOWLEDGED, CLOSE): CLOSED,
    (OPEN, HEALTHY): CLOSED,
    (ACKNOWLEDGED, HEALTHY): CLOSED,
}
GROWTH_MAX = 12  # times the rule's interval: each is twice the one before, up to that
OPEN_MAX, CLOSED_KEPT = 256, 256  # of more, the oldest closed are forgotten, no open one is added


class Rule(NamedTuple):
    """How grave a kind of trouble is, and how soon it is said again while nobody answers."""

    kind: str
    severity: str
    repeat_s: int


RULES = {
    rule.kind: rule
    for rule in (
        Rule("halted", CRITICAL, 300),
        Rule("no_orders", CRITICAL, 300),
        Rule("no_entries", CRITICAL, 300),
        Rule("escalated", CRITICAL, 300),
        Rule("digest_differs", CRITICAL, 300),
        Rule("died", CRITICAL, 300),
        Rule("failed_over", WARNING, 3600),
        Rule("degraded", WARNING, 3600),
        Rule("restarted", WARNING, 3600),
        Rule("breaker_open", WARNING, 3600),
        Rule("behind", WARNING, 3600),
        Rule("disk_short", WARNING, 3600),
        Rule("order_unknown", CRITICAL, 300),
    )
}
# Kinds of one trouble, ever graver: it stays one incident.
RISING = ("restarted", "failed_over", "degraded", "escalated")
OTHERWISE = Rule("other", CRITICAL, 300)  # what no rule knows is not taken lightly


class Incident(NamedTuple):
    """One trouble of one component: plain values alone, times in nanoseconds (0: not yet)."""

    number: int
    component: str
    kind: str
    severity: str
    state: str
    raised_ns: int
    cause: str
    tried: tuple[tuple[Any, ...], ...] = ()  # the steps of its ladder, as plain rows
    seen: int = 1  # how often it was raised
    told: int = 1  # how often a person was told
    told_ns: int = 0
    acknowledged_ns: int = 0
    acknowledged_by: str = ""
    note: str = ""
    closed_ns: int = 0
    closed_by: str = ""

    def as_plain(self) -> dict[str, Any]:
        """As JSON can hold it: the steps by their names."""
        tried = [dict(zip(Step._fields, row, strict=True)) for row in self.tried]
        return {**self._asdict(), "tried": tried}


def from_plain(row: dict[str, Any]) -> Incident:
    """The incident that `as_plain` made this of. TypeError, KeyError: it did not."""
    tried = tuple(tuple(step[name] for name in Step._fields) for step in row["tried"])
    return Incident(**{**row, "tried": tried})


class Told(NamedTuple):
    """What happened to an incident, and how it is after it."""

    at_ns: int
    event: str  # raised, repeated, or one of the events of the table
    incident: Incident


class Incidents:
    """All that are not closed, and the last that are; each change is told."""

    def __init__(self, tell: Callable[[Told], object], known: Iterable[Incident] = ()) -> None:
        """`known` are those of before a restart."""
        self.open: dict[int, Incident] = {}
        self.closed: deque[Incident] = deque(maxlen=CLOSED_KEPT)
        self.dropped, self._number, self._tell = 0, 0, tell
        for one in known:
            self._number = max(self._number, one.number)
            self._place(one)

    def raised(
        self, component: str, kind: str, now_ns: int, *, cause: str, tried: Iterable[Step] = ()
    ) -> Incident | None:
        """Raise it; the one that is open of this kind is raised again, or rises to it.

        None: too many are open.
        """
        rows = tuple(tuple(step) for step in tried)
        for one in self.open.values():
            if one.component != component or kind not in (one.kind, *above(one.kind)):
                continue
            seen = one._replace(seen=one.seen + 1, tried=rows)
            if one.kind == kind:
                return self._moved(seen, AGAIN, now_ns)
            return self._moved(risen(seen, kind, cause, now_ns), RISEN, now_ns)
        if len(self.open) >= OPEN_MAX:
            self.dropped += 1
            return None
        self._number += 1
        severity = RULES.get(kind, OTHERWISE).severity
        made = Incident(self._number, component, kind, severity, OPEN, now_ns, cause, rows)
        return self._said(made._replace(told_ns=now_ns), "raised", now_ns)

    def acknowledge(self, number: int, now_ns: int, *, who: str, note: str) -> Incident:
        """Somebody has seen it. Refused if it is not waiting for that, or nobody signs."""
        one = self._found(number, who)
        if one.state != OPEN:
            raise Refused(f"incident {number} was acknowledged by {one.acknowledged_by}", "", 4)
        signed = one._replace(acknowledged_ns=now_ns, acknowledged_by=who, note=note)
        return self._moved(signed, ACK, now_ns)

    def close(self, number: int, now_ns: int, *, who: str, note: str) -> Incident:
        """Somebody says it is over. Refused if it is not open, or nobody signs."""
        one = self._found(number, who)
        said = one._replace(closed_ns=now_ns, closed_by=who, note=note or one.note)
        return self._moved(said, CLOSE, now_ns)

    def healthy(
        self, component: str, now_ns: int, of: Callable[[str], bool] = lambda _kind: True
    ) -> list[Incident]:
        """A component is well again: its incidents, those `of` some kinds, close."""
        every = self.open.values()
        over = [one for one in every if one.component == component and of(one.kind)]
        by = "the component's health"
        return [
            self._moved(one._replace(closed_ns=now_ns, closed_by=by), HEALTHY, now_ns)
            for one in over
        ]

    def due(self, now_ns: int) -> list[Incident]:
        """Those to be said again: nobody has acknowledged them since they were last told."""
        late = [one for one in self.open.values() if 0 < due_ns(one) <= now_ns]
        return [
            self._said(one._replace(told=one.told + 1, told_ns=now_ns), "repeated", now_ns)
            for one in late
        ]

    def next_due_ns(self) -> int:
        """When one is to be said again; 0 if none is."""
        return min(filter(None, map(due_ns, self.open.values())), default=0)

    def _found(self, number: int, who: str) -> Incident:
        if not who:
            raise Refused(f"incident {number} is not signed", "say who acknowledges or closes it")
        if number not in self.open:
            raise Refused(
                f"there is no open incident {number}", "supreme alerts list shows them", 4
            )
        return self.open[number]

    def _moved(self, one: Incident, event: str, now_ns: int) -> Incident:
        return self._said(one._replace(state=NEXT[one.state, event]), event, now_ns)

    def _said(self, one: Incident, event: str, now_ns: int) -> Incident:
        self._place(one)
        self._tell(Told(now_ns, event, one))
        return one

    def _place(self, one: Incident) -> None:
        self.open.pop(one.number, None) if one.state == CLOSED else None
        if one.state == CLOSED:
            self.closed.append(one)
        else:
            self.open[one.number] = one


def above(kind: str) -> tuple[str, ...]:
    """The kinds that a trouble of this kind may rise to."""
    return RISING[RISING.index(kind) + 1 :] if kind in RISING else ()


def risen(one: Incident, kind: str, cause: str, now_ns: int) -> Incident:
    """The incident grown graver: whoever acknowledged it has not seen this."""
    severity = RULES[kind].severity
    graver = one._replace(kind=kind, severity=severity, cause=cause, told=1, told_ns=now_ns)
    return graver._replace(acknowledged_ns=0, acknowledged_by="")


def due_ns(one: Incident) -> int:
    """When an incident is to be said again; 0 once it was acknowledged."""
    repeat_s = RULES.get(one.kind, OTHERWISE).repeat_s
    growth = min(2 ** min(one.told - 1, 32), GROWTH_MAX)
    return one.told_ns + repeat_s * growth * NS if one.state == OPEN else 0
