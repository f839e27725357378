"""supreme connectivity: is the venue there, does it take our keys, how old is what it tells?"""

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.control.places import base_directory, directory_named
from engine.errors import Refused
from engine.options import profile_asked
from engine.venues.settings import settings_of as exchange_of
from supreme_cli.backtest import Meter
from supreme_cli.handing import keys_for
from supreme_cli.verdicts import Case, columns, junit, markdown
from validators.connectivity.outcome import FAILED, SKIPPED, Verdict
from validators.connectivity.places import (
    Source,
    Venue,
    checked,
    must_be_address,
    sources_in,
)

if TYPE_CHECKING:
    from validators.connectivity.visit import Asked

SCHEMA_VERSION = 1
CHECK_FAILED = 1
TEXT, JSON, MARKDOWN, JUNIT = FORMS = ("text", "json", "markdown", "junit")
HEADS = ["PLACE", "CHECK", "VERDICT", "WHAT"]
LIVE = "live"  # the word that allows an order for real money
BAR_COLUMNS = 40


def main(
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="Whose exchange and sources [as run takes it].")
    ] = "",
    rest: Annotated[str, typer.Option(metavar="URL", help="Its REST API [the profile's].")] = "",
    ws: Annotated[str, typer.Option(metavar="URL", help="Its streams [the profile's].")] = "",
    ws_api: Annotated[
        str, typer.Option(metavar="URL", help="Its WebSocket API [the profile's].")
    ] = "",
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=URL", help="One beside the market; may be repeated."),
    ] = None,
    symbol: Annotated[str, typer.Option(metavar="NAME", help="What is traded.")] = "ETHUSDT",
    keys: Annotated[
        str, typer.Option(metavar="KEYS", help="Sealed keys by their name: supreme keys list.")
    ] = "",
    from_env: Annotated[
        bool, typer.Option("--from-env", help="Take EXCHANGE_API_KEY and EXCHANGE_SECRET.")
    ] = False,
    confirm: Annotated[
        str, typer.Option(metavar="WORD", help=f"{LIVE}: also an order where money is real.")
    ] = "",
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3_600, help="How long to listen to the streams.")
    ] = 5.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, max=60, help="Seconds to wait for an answer.")
    ] = 5.0,
    show_list: Annotated[
        bool, typer.Option("--list", help="Name each check with its promise, and run none.")
    ] = False,
    output: Annotated[str, typer.Option(metavar="FORM", help=", ".join(FORMS))] = TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check each way to a venue: reach, clock, filters, keys, a tiny order, latency, limits.

    The order is of the least worth, below the market, and taken back at once; where money is real
    it is sent with --confirm live alone. Without keys what needs them is skipped. Exit code 1 if a
    check failed. Example: supreme connectivity --keys main --output junit
    """
    form = JSON if as_json else output
    if form not in FORMS:
        raise Refused(f"--output {form} is unknown", f"use {', '.join(FORMS)}")
    if confirm not in ("", LIVE):
        raise Refused(f"--confirm {confirm[:20]} is not the word", f"write --confirm {LIVE}")
    if show_list:
        print(listed(form))
        return 0
    asked = asked_of((symbol, keys), from_env, (timeout, seconds), may_order=confirm == LIVE)
    # After the keys have left the environment, whose other names are judged here.
    chosen = profile_asked(profile, ())
    usual = exchange_of(chosen.values, chosen.texts)
    told_urls = (rest or usual.rest_url, ws or usual.stream_url, ws_api or usual.api_url)
    venue = checked(Venue("binance", *told_urls))
    sources = [*sources_in(chosen.secrets), *map(source_of, source or [])]
    verdicts = all_of(venue, sources, asked._replace(sends=usual.sends))
    print(told(verdicts, form))
    return CHECK_FAILED if any(one.state == FAILED for one in verdicts) else 0


def asked_of(
    names: tuple[str, str], from_env: bool, spans: tuple[float, float], *, may_order: bool
) -> "Asked":
    """What to find out about a symbol, with the keys of a name or of the environment, if any."""
    absent()
    from engine.venues.binance.signing import key_of
    from validators.connectivity.visit import Asked

    symbol, name = names
    if not symbol.isalnum() or len(symbol) > 20:
        raise Refused("--symbol is none", "give one as the venue writes it: ETHUSDT")
    if name and from_env:
        raise Refused("there are two places for keys", "give --keys or --from-env")
    key = None
    if name or from_env:
        home = directory_named(os.environ) or base_directory()
        held = keys_for(name, home, os.environ)
        key = key_of(held.api_key, held.secret)
    return Asked(symbol.upper(), key, *spans, may_order)


def absent() -> None:
    """Refused where the packages are not that ask."""
    try:
        import httpx  # noqa: F401
        import websockets.sync.client  # noqa: F401  loaded here, it is not timed later
    except ImportError as error:
        raise Refused(
            "supreme connectivity needs httpx and websockets",
            "install them: .venv/bin/pip install '.[exchange]'",
        ) from error


def source_of(told: str) -> Source:
    """A source of the command line; Refused for what is none."""
    name, is_named, url = told.partition("=")
    if not is_named or not name.isidentifier():
        raise Refused("--source names no source", "write --source NAME=https://HOST")
    must_be_address("--source", url, ("https", "http"))
    return Source(name, url)


def all_of(venue: Venue, sources: list[Source], asked: "Asked") -> list[Verdict]:
    """Every verdict, with a line of progress where somebody sits."""
    from validators.connectivity.trial import CHECKS, tried

    total, verdicts = len(CHECKS) + len(sources), []
    with Meter() as meter:
        for verdict in tried(venue, sources, asked):
            verdicts.append(verdict)
            meter.advance("checks", len(verdicts), total)
    return verdicts


def listed(form: str) -> str:
    """Each check with its promise."""
    absent()
    from validators.connectivity.trial import CHECKS

    if form == JUNIT:
        raise Refused("--list has no verdicts for JUnit", "use --json, or --output markdown")
    if form == JSON:
        rows = [{"check": one.name, "promise": one.promise, "needs": one.needs} for one in CHECKS]
        return json.dumps({"schema_version": SCHEMA_VERSION, "checks": rows}, indent=1)
    cells = [[one.name, ", ".join(one.needs) or "-", one.promise] for one in CHECKS]
    return (markdown if form == MARKDOWN else columns)(["CHECK", "NEEDS", "PROMISE"], cells)


def told(verdicts: list[Verdict], form: str) -> str:
    """What came of them, the ages of events drawn, and a line that sums up."""
    if form == JSON:
        return json.dumps(as_object(verdicts), indent=1)
    if form == JUNIT:
        return junit("supreme.connectivity", map(case_of, verdicts))
    rows = [[one.place, one.check, one.state, one.said] for one in verdicts]
    table = (markdown if form == MARKDOWN else columns)(HEADS, rows)
    counts = Counter(one.state for one in verdicts)
    summary = ", ".join(f"{count} {state}" for state, count in counts.items())
    return "\n\n".join([table, *drawn(verdicts), summary])


def drawn(verdicts: list[Verdict]) -> list[str]:
    """How many events were how old, as bars."""
    return [bars(found) for one in verdicts
            if isinstance(found := one.figures.get("histogram"), dict)]  # fmt: skip


def bars(counts: dict[str, int]) -> str:
    """A bar a bound, as long as its share; bounds that nobody reached at the ends are left out."""
    names = list(counts)
    seen = [place for place, name in enumerate(names) if counts[name]]
    most = max(counts.values())
    rows = [
        f"{name:>7} ms  {counts[name]:>7,}  {'#' * -(-counts[name] * BAR_COLUMNS // most)}"
        for name in names[seen[0] : seen[-1] + 1]
    ]
    return "\n".join(["    age    events", *(row.rstrip() for row in rows)])


def as_object(verdicts: list[Verdict]) -> dict[str, Any]:
    """All of it for a program."""
    rows = [{**one._asdict(), "seconds": round(one.seconds, 3)} for one in verdicts]
    verdict = FAILED if any(one.state == FAILED for one in verdicts) else "ok"
    fields = {"schema_version": SCHEMA_VERSION, "command": "connectivity", "verdict": verdict}
    return {**fields, "checks": rows}


def case_of(one: Verdict) -> Case:
    """A verdict for JUnit."""
    name = f"{one.place}.{one.check}"
    return Case(name, one.state == FAILED, one.state == SKIPPED, one.said, one.seconds)
