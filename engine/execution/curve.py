"""How did equity come here? A point a minute for some hours, and fewer over the whole life."""

from engine.layout import I, block

MINUTES_KEPT = 360
POINTS_KEPT = 480  # of the whole life; at the bound every second one goes and the step doubles
MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000
CURVE = block(
    start_ns=I,  # of the first point, a whole minute
    step_ns=I,  # between two points; 0 before the first
    count=I,
    points=(I, POINTS_KEPT),  # equity in 1e-8 of quote
    minute=I,  # number of the newest minute since the epoch
    minutes=(I, MINUTES_KEPT),  # equity in each, at its number modulo the ring
    day=I,  # number of the current UTC day
    day_e8=I,  # equity when it began
)


def draw(curve, now_ns, equity_e8):
    """Equity at a heartbeat; minutes and points in which nothing beat get it too."""
    if curve.step_ns == 0:
        curve.start_ns = now_ns - now_ns % MINUTE_NS
        curve.step_ns = MINUTE_NS
        curve.minute = now_ns // MINUTE_NS - 1
    if now_ns // DAY_NS > curve.day:
        curve.day = now_ns // DAY_NS
        curve.day_e8 = equity_e8
    draw_minutes(curve, now_ns // MINUTE_NS, equity_e8)
    while curve.start_ns + curve.count * curve.step_ns <= now_ns:
        if curve.count == POINTS_KEPT:
            thin_out(curve)
        else:
            curve.points[curve.count] = equity_e8
            curve.count += 1


def draw_minutes(curve, minute, equity_e8):
    """The ring of minutes up to this one."""
    first = max(curve.minute + 1, minute - MINUTES_KEPT + 1)
    for number in range(first, minute + 1):
        curve.minutes[number % MINUTES_KEPT] = equity_e8
    curve.minutes[minute % MINUTES_KEPT] = equity_e8
    curve.minute = max(curve.minute, minute)


def thin_out(curve):
    """Every second point goes."""
    for number in range(POINTS_KEPT // 2):
        curve.points[number] = curve.points[2 * number]
    curve.count = POINTS_KEPT // 2
    curve.step_ns *= 2
