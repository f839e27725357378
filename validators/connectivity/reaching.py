"""Is it there, does it tell our time, and does it speak as it should?"""

import time
from collections.abc import Callable

from engine.errors import Refused
from engine.instruments import Instrument, text_of_e8
from engine.instruments_file import instrument
from engine.venues.binance.checks import refuse_lacking_types
from engine.venues.binance.limits import cost_of
from engine.venues.binance.reading import Unreadable, object_of, time_ns_in
from engine.venues.binance.requests import Call, exchange_info, venue_time
from engine.venues.binance.rules import TRADING, Rules, market_of
from validators.connectivity.outcome import Failed, Outcome
from validators.connectivity.places import Source, host_of
from validators.connectivity.visit import Visit, client_of, unreached

PING = Call("ping", "GET", "/api/v3/ping", {}, cost_of(1), is_signed=False)
PINGS = 3
CLOCK_QUESTIONS = 5
OFFSET_MAX_MS = 500.0  # half of what a venue lets a timestamp be ahead


def rest(visit: Visit) -> Outcome:
    """REST answers a ping."""
    return answers(visit.venue.rest, lambda: visit.ask(PING))


def stream(visit: Visit) -> Outcome:
    """The market streams open."""
    began = time.perf_counter()
    with visit.socket(stream_of(visit, "bookTicker")):
        return answered_in(visit.venue.stream, began, "opened")


def ws_api(visit: Visit) -> Outcome:
    """The WebSocket API answers a ping."""
    with visit.socket(visit.venue.ws_api) as socket:
        return answers(visit.venue.ws_api, lambda: visit.call(socket, PING, "ping"))


def answers(url: str, ping: Callable[[], object]) -> Outcome:
    """How long a ping takes: the quickest, once connections stand and programs are warm."""
    took = []
    for _ in range(PINGS):
        began = time.perf_counter()
        ping()
        took.append((time.perf_counter() - began) * 1e3)
    said = f"{host_of(url)} answers in {min(took):.1f} ms, the first time in {took[0]:.1f}"
    return Outcome(said, {"ms": round(min(took), 2), "first_ms": round(took[0], 2)})


def source(place: Source, timeout: float) -> Outcome:
    """A source beside the market answers at all; what it thinks of the question is its own."""
    import httpx

    began = time.perf_counter()
    try:
        with client_of(place.url, timeout) as client, client.stream("GET", place.url) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise unreached(place.url, error) from None  # the address may hold a key
    if status >= 500:
        raise Failed(f"{host_of(place.url)} is not well: HTTP {status}")
    return answered_in(place.url, began, f"answered {status}")


def answered_in(url: str, began: float, verb: str = "answered") -> Outcome:
    """How long it took since `began` (perf_counter)."""
    took_ms = round((time.perf_counter() - began) * 1e3, 2)
    return Outcome(f"{host_of(url)} {verb} in {took_ms:.1f} ms", {"ms": took_ms})


def stream_of(visit: Visit, *kinds: str) -> str:
    """The address of a symbol's streams; several are wrapped in one."""
    symbol, base = visit.asked.symbol.lower(), visit.venue.stream.rstrip("/")
    names = [f"{symbol}@{kind}" for kind in kinds]
    return (
        f"{base}/ws/{names[0]}" if len(names) == 1 else f"{base}/stream?streams={'/'.join(names)}"
    )


def clock(visit: Visit) -> Outcome:
    """Its clock and ours differ by little; ours decides when what comes from it is stale."""
    for _ in range(CLOCK_QUESTIONS):
        sent_ns = time.time_ns()
        told = visit.ask(venue_time())
        try:
            venue_ns = time_ns_in(object_of(told, "time"), "serverTime")
        except Unreadable as error:
            raise Failed(f"its time cannot be read: {error}") from error
        visit.clock.heard(sent_ns, time.time_ns(), venue_ns)
    offset_ms, error_ms = visit.clock.offset_ns / 1e6, visit.clock.error_ns / 1e6
    way = "ahead of" if offset_ms > 0 else "behind"
    said = f"it is {abs(offset_ms):.1f} ms {way} ours, give or take {error_ms:.1f}"
    figures = {"offset_ms": round(offset_ms, 3), "error_ms": round(error_ms, 3)}
    if abs(offset_ms) > OFFSET_MAX_MS:
        fix = "set the clock of this machine (chronyd, systemd-timesyncd)"
        raise Failed(f"{said}: {fix}", {**figures})
    return Outcome(said, {**figures})


def filters(visit: Visit) -> Outcome:
    """It trades the symbol by rules that are understood, and takes what the profile sends."""
    symbol = visit.asked.symbol
    try:
        market = market_of(visit.ask(exchange_info((symbol,))), frozenset({symbol}))
        visit.limits.learn(market.rate_limits, visit.time_ns())
    except Unreadable as error:
        raise Failed(f"exchangeInfo cannot be read: {error}") from error
    if symbol not in market.rules:
        why = market.refused.get(symbol, "it is not listed")
        raise Failed(f"{symbol} cannot be traded there: {why}")
    rules = visit.rules = market.rules[symbol]
    if rules.unknown:
        raise Failed(f"{symbol} has rules that are not known here: {', '.join(rules.unknown)}")
    if rules.status != TRADING:
        raise Failed(f"{symbol} is not traded now: {rules.status}")
    refuse_lacking_types(rules, visit.asked.sends)
    figures = {"tick": plain(rules.instrument.tick_e8), "step": plain(rules.instrument.lot_e8)}
    figures["notional_min"] = plain(rules.filters.notional_min)
    return Outcome(f"{symbol}: {steps_of(rules.instrument)}{compared(rules)}", {**figures})


def plain(amount_e8: int) -> str:
    """An amount of 1e-8 with the decimals it needs."""
    return text_of_e8(amount_e8, amount_e8)


def steps_of(one: Instrument) -> str:
    """An instrument's steps in words."""
    return f"tick {plain(one.tick_e8)}, step {plain(one.lot_e8)}"


def compared(rules: Rules) -> str:
    """How the venue's steps differ from those that history is counted in, or nothing."""
    from datetime import UTC, datetime

    here = rules.instrument
    try:
        ours = instrument(here.name, datetime.now(UTC).date())
    except Refused:
        return "; our own table does not know it"
    if (ours.tick_e8, ours.lot_e8) == (here.tick_e8, here.lot_e8):
        return ", as our own table says"
    return f"; our own table says {steps_of(ours)}: the venue's count"
