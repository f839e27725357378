"""What is wrong beside the engine, who has seen it, and is anybody looking? Header, line, list."""

from engine.service.noted import Noted
from tui.formatting import age, clean, clock, cut
from tui.panels.notices import level
from tui.seen import Seen
from tui.themes import Line, Span

CRITICAL = "critical"
NO_SERVICE = "○ no service"
NS = 1_000_000_000
COLUMN = 23  # where what happened begins in the last lines


def count(seen: Seen) -> Line:
    """How many there are and how grave, and whether anybody answered; nothing without any."""
    alerts = seen.alerts
    if not alerts:
        return []
    grave = sum(one.severity == CRITICAL for one in alerts)
    many = f"{len(alerts)} alert{'s' * (len(alerts) != 1)}"
    said, waiting = f"{many}, {grave} critical", unanswered(seen)
    if not waiting:
        return [(f"○ {many} seen, {grave} crit", "dim")]
    is_grave = waiting[0].severity == CRITICAL
    return [(f"!! {said}" if is_grave else f"!  {said}", "alarm" if is_grave else "warn")]


def unwatched(seen: Seen) -> Line:
    """That nobody looks, where it is so: no alert means nothing then."""
    return [] if seen.is_watched else [(NO_SERVICE, "warn")]


def unanswered(seen: Seen) -> list[Noted]:
    """Those that nobody has acknowledged, the gravest first, and of these the newest."""
    waiting = [one for one in seen.alerts if not one.acknowledged_by]
    return sorted(waiting, key=lambda one: one.severity != CRITICAL)


def newest(seen: Seen, width: int) -> list[Line]:
    """The one to be answered first, in a line; none where none waits."""
    waiting = unanswered(seen)
    if not waiting:
        return []
    one = waiting[0]
    said, style = weight(one)
    end = f"  a: list{f', {len(waiting) - 1} more' if len(waiting) > 1 else ''}"
    room = max(width - COLUMN - len(end), 0)
    return [[(f" {said:<8} ", style), (f"{clock(one.raised_ns)} UTC ", "dim"),
             (f"{cut(what(one), room):<{room}}", "text"), (end, "key")]]  # fmt: skip


def lines(seen: Seen, chosen: int, hint: str) -> tuple[list[Line], int]:
    """The list, newest first, and the line where the chosen one begins."""
    found: list[Line] = [service(seen), ways(seen, hint)]
    at = 0
    for place, one in enumerate(seen.alerts):
        at = len(found) if place == chosen else at
        found += block(one, seen.wall_ns, is_chosen=place == chosen)
    if not seen.alerts:
        found.append([("nothing is wrong that anybody noted", "dim")])
    return found, at


def service(seen: Seen) -> Line:
    """Whether anybody looks."""
    if seen.is_watched:
        return [("the service watches engine, disk, tables, orders, databases", "dim")]
    return [("✖ no service runs: nothing new is noticed; supreme serve starts one", "alarm")]


def ways(seen: Seen, hint: str) -> Line:
    """The keys of the list, or why one of them did nothing."""
    if hint:
        return [(hint, "warn")]
    line: Line = [("arrows", "key"), (" choose   ", "text")]
    if not seen.read_only:
        line += [("a", "key"), (" acknowledge   ", "text"), ("A", "key"), (" all   ", "text")]
    return [*line, ("Esc", "key"), (" back", "text")]


def block(one: Noted, wall_ns: int, *, is_chosen: bool) -> list[Line]:
    """One alert: how grave, of what, how old, why, what was tried and who has seen it."""
    said, style = weight(one)
    ago = age((wall_ns - one.raised_ns) / NS)
    often = f", {one.seen} times" if one.seen > 1 else ""
    head: Line = [("▶ " if is_chosen else "  ", "key"), (f"{said:<7}", style),
                  (f" {one.number}  {clean(one.component)}", "strong"),
                  (f"  {clean(one.kind)}  {ago} ago{often}", "text")]  # fmt: skip
    rows: list[Line] = [head, [(f"    {clean(one.cause)}", "text")]]
    if one.tried:
        rows.append([(f"    tried: {clean(one.tried)}", "dim")])
    note = f": {clean(one.note)}" if one.note else ""
    seen_by = f"acknowledged by {clean(one.acknowledged_by)}{note}"
    return [*rows, [(f"    {seen_by if one.acknowledged_by else 'nobody has acknowledged it'}",
                     "dim" if one.acknowledged_by else "warn")]]  # fmt: skip


def named(one: Noted) -> str:
    """An alert in a sentence, for whoever is asked about it."""
    return f"{one.number}: {weight(one)[0]} {what(one)}"


def weight(one: Noted) -> Span:
    """How grave it is, as notices say it."""
    return level({"level": one.severity})


def what(one: Noted) -> str:
    """Of what it is, and why."""
    return f"{clean(one.component)}: {clean(one.cause)}"
