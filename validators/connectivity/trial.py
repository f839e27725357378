"""What is checked, in which order? One table; what a failed check leaves without ground is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from validators.connectivity import listening, reaching, trading
from validators.connectivity.outcome import OK, SKIPPED, Check, Outcome, Verdict, judged
from validators.connectivity.places import Source, Venue
from validators.connectivity.visit import Asked, Visit

REST, STREAM, WS_API = "rest", "stream", "ws-api"
# A new check is its function and its row here.
CHECKS: tuple[Check, ...] = (
    Check(REST, "REST answers", reaching.rest),
    Check(STREAM, "the market streams open", reaching.stream),
    Check(WS_API, "the WebSocket API answers", reaching.ws_api),
    Check("clock", "its clock and ours agree", reaching.clock, (REST,)),
    Check("filters", "it trades the symbol by known rules", reaching.filters, (REST,)),
    Check("auth", "the keys are taken", trading.auth, (REST, WS_API)),
    Check("permissions", "the keys may trade, not withdraw", trading.permissions,
          ("auth", "filters")),
    Check("order", "a tiny order goes there and back", trading.round_trip,
          ("permissions",)),
    Check("latency", "events arrive young", listening.latency, (STREAM, REST)),
    Check("headroom", "limits leave room", listening.headroom, (REST,)),
)  # fmt: skip
AT_ONCE = (REST, STREAM, WS_API)  # unreachable ones keep us waiting once, not three times


def tried(venue: Venue, sources: list[Source], asked: Asked) -> Iterator[Verdict]:
    """Each check in the table's order, then the sources; never two requests at once to one."""
    visit = Visit(venue, asked)
    try:
        with ThreadPoolExecutor(len(AT_ONCE) + len(sources) or 1) as beside:
            near = {one.name: beside.submit(judged, venue.name, one.name, bound(one, visit))
                    for one in CHECKS if one.name in AT_ONCE}  # fmt: skip
            far = [beside.submit(judged, one.name, "reach", reached(one, asked))
                   for one in sources]  # fmt: skip
            states: dict[str, str] = {}
            for check in CHECKS:
                verdict = near[check.name].result() if check.name in near else judge(
                    check, visit, states)  # fmt: skip
                states[check.name] = verdict.state
                yield verdict
            yield from (one.result() for one in far)
    finally:
        visit.close()


def judge(check: Check, visit: Visit, states: dict[str, str]) -> Verdict:
    """One check, where those it stands on have held."""
    lacking = [name for name in check.needs if states.get(name) != OK]
    if lacking:
        said = f"not tried: {lacking[0]} {states.get(lacking[0], SKIPPED)}"
        return Verdict(visit.venue.name, check.name, SKIPPED, said, {}, 0.0)
    return judged(visit.venue.name, check.name, bound(check, visit))


def bound(check: Check, visit: Visit) -> Callable[[], Outcome]:
    """A check with what it is about."""
    return lambda: check.run(visit)


def reached(source: Source, asked: Asked) -> Callable[[], Outcome]:
    """A source's only check."""
    return lambda: reaching.source(source, asked.timeout)
