"""How old is what the streams tell when it arrives, and how much may still be asked?"""

import time

from engine.venues.binance.reading import MICROSECONDS_FROM
from validators.connectivity.outcome import Failed, Figure, Outcome, Skipped
from validators.connectivity.reaching import stream_of
from validators.connectivity.visit import Visit, read_json

BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
BEYOND = f">{BOUNDS_MS[-1]}"
AGE_MAX_MS = 1_000.0  # of the 99th in a hundred; what is older decides nothing in time
EVENTS_MAX = 200_000
USED_MAX_PERCENT = 80
HALF_MS = 0.5  # an event's time is cut to whole milliseconds


def latency(visit: Visit) -> Outcome:
    """Events arrive young: the age of each by its own time and the venue's clock."""
    if not visit.clock.is_known:
        raise Skipped("its clock is not known")
    ages: list[float] = []
    end = time.monotonic() + visit.asked.seconds
    with visit.socket(stream_of(visit, "trade", "depth@100ms")) as socket:
        while (left := end - time.monotonic()) > 0 and len(ages) < EVENTS_MAX:
            try:
                message = socket.hear(left)
            except Failed:
                if time.monotonic() < end:
                    raise
                break
            heard_ns = visit.time_ns()
            if (event_ms := event_time(message)) is not None:
                ages.append(heard_ns / 1e6 - event_ms - HALF_MS)
    if not ages:
        raise Failed(f"no event of {visit.asked.symbol} came within {visit.asked.seconds:g} s")
    return aged(sorted(ages), visit.clock.error_ns / 1e6)


def event_time(message: bytes) -> float | None:
    """An event's own time in ms; None for what is no event."""
    told = read_json(message, "a stream")
    event = told.get("data", told) if isinstance(told, dict) else {}
    at = event.get("E") if isinstance(event, dict) else None
    if type(at) is not int:
        return None
    return at / 1e3 if at >= MICROSECONDS_FROM else float(at)


def aged(ages: list[float], error_ms: float) -> Outcome:
    """The verdict on sorted ages in ms; Failed when too many are old."""
    p50, p99 = (ages[min(len(ages) * part // 100, len(ages) - 1)] for part in (50, 99))
    said = f"{len(ages)} events, age p50 {p50:.1f}, p99 {p99:.1f}, most {ages[-1]:.1f} ms"
    figures: dict[str, Figure] = {"events": len(ages), "p50_ms": round(p50, 2)}
    figures |= {"p99_ms": round(p99, 2), "max_ms": round(ages[-1], 2)}
    figures["histogram"] = histogram(ages)
    if p99 > AGE_MAX_MS:
        raise Failed(f"{said}: too old to decide by", figures)
    return Outcome(f"{said}, give or take {error_ms:.1f}", figures)


def histogram(ages: list[float]) -> dict[str, int]:
    """How many ages lie at or below each bound and above the one before it."""
    counts = {**{f"<={bound}": 0 for bound in BOUNDS_MS}, BEYOND: 0}
    for age in ages:
        name = next((f"<={bound}" for bound in BOUNDS_MS if age <= bound), BEYOND)
        counts[name] += 1
    return counts


def headroom(visit: Visit) -> Outcome:
    """Enough of each limit is left for the orders of an engine."""
    rows = [row for row in visit.limits.headroom(visit.time_ns()) if row.limit > 0]
    if not rows:
        raise Failed("it tells no limits")
    told = [f"{row.type} {row.used:,} of {row.limit:,} in {row.interval_s} s" for row in rows]
    figures = {f"{row.type}_{row.interval_s}s": f"{row.used}/{row.limit}" for row in rows}
    full = [row for row in rows if row.used * 100 > row.limit * USED_MAX_PERCENT]
    if full:
        raise Failed(f"{', '.join(told)}: something else asks there too", {**figures})
    return Outcome(", ".join(told), {**figures})
