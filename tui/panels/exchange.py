"""Is the exchange there, and what does it let us do? Panel 0."""

from typing import Any, NamedTuple

from tui.formatting import age, bar, clean, clock, grouped
from tui.panels.panel import Column, Panel, words
from tui.seen import View
from tui.themes import Span

GOOD, DOUBT, GONE = ("● ok", "good"), ("◐ DOUBT", "warn"), ("✖ DOWN", "alarm")
NEAR = 0.8  # of a limit
LIMITS = {"REQUEST_WEIGHT": "weight", "ORDERS": "orders", "RAW_REQUESTS": "requests"}


class Row(NamedTuple):
    """One thing about the exchange: its state, what it is, since when, and what is to say."""

    state: Span
    what: str
    since_ns: int
    says: str


def rows(view: View) -> list[Row]:
    """Market, account and what is aside there, then clock and limits; none without an exchange."""
    told = view.exchange
    if not told:
        return []
    market = told["market"]
    found = [market_row(market), account_row(told["account"], told), aside_row(told["aside"])]
    found += [symbol_row(one, told["now_ns"]) for one in market["symbols"]]
    found += [clock_row(told["clock"]), *(limit_row(one) for one in told["limits"])]
    others = [one for one in market["sources"] if one["name"] != market["source"]]
    return found + [source_row(one) for one in others]


def aside_row(aside: list[dict[str, str]]) -> Row:
    """What lies in the account and is not ours."""
    told = ", ".join(f"{grouped(one['amount'])} {clean(one['asset'])}" for one in aside)
    return Row(("○", "dim"), "aside", 0, f"{told or 'nothing'}: in the account, not ours")


def market_row(market: dict[str, Any]) -> Row:
    """The source that feeds."""
    source, why = clean(market["source"]), clean(market["why"])
    if not source:
        return Row(GONE, "market", market["since_ns"], f"no source: {why}")
    state = GOOD if market["source"] == first_of(market) else ("◐ 2nd", "warn")
    return Row(state, "market", market["since_ns"], f"by {source}: {why}")


def first_of(market: dict[str, Any]) -> str:
    """The source that is preferred to all others."""
    return str(market["sources"][0]["name"]) if market["sources"] else str(market["source"])


def symbol_row(one: dict[str, Any], now_ns: int) -> Row:
    """Whether a symbol's market can be believed."""
    heard = f"heard {age((now_ns - one['heard_ns']) / 1e9)} ago" if one["heard_ns"] else "not heard"
    missing = f", {one['trades_missing']:,} trades missing" if one["trades_missing"] else ""
    doubt = f"{clean(one['doubt'])}, " if one["doubt"] else ""
    state = DOUBT if one["doubt"] else GOOD
    return Row(state, clean(one["symbol"]), 0, f"{doubt}{heard}{missing}")


def source_row(one: dict[str, Any]) -> Row:
    """A source that does not feed."""
    why = f": {clean(one['why'])}" if one["why"] else ""
    return Row(("○", "dim"), clean(one["name"]), one["since_ns"], f"{one['state']}{why}")


def account_row(account: dict[str, Any], told: dict[str, Any]) -> Row:
    """Whether the account is heard, and which orders have no answer yet."""
    said = [f"heard at {clean(told['host'])}" if account["heard"] else "orders go by REST"]
    said += [f"{account['in_doubt']} orders in doubt"] if account["in_doubt"] else []
    said += [clean(account["trouble"])] if account["trouble"] else []
    until_ns = told["waits_until_ns"]
    said += [f"told to wait until {clock(until_ns)}"] if until_ns else []
    state = GONE if not account["heard"] else (("◐ WAIT", "warn") if until_ns else GOOD)
    return Row(state, "account", account["since_ns"], ", ".join(said))


def clock_row(told: dict[str, Any]) -> Row:
    """How far its clock is from ours."""
    if not told["known"]:
        return Row(("○", "dim"), "clock", 0, "not asked yet")
    return Row(
        GOOD, "clock", 0, f"{told['offset_ms']:+.1f} ms, give or take {told['error_ms']:.1f}"
    )


def limit_row(one: dict[str, Any]) -> Row:
    """How much of a limit is used."""
    part = one["used"] / one["limit"] if one["limit"] else 0.0
    state = ("○ ok", "text") if part < NEAR else ("◐ near", "warn")
    name = f"{LIMITS.get(one['type'], clean(one['type']))}/{age(one['interval_s'])}"
    return Row(state, name, 0, f"{bar(part, 8)} {one['used']:,} of {one['limit']:,}")


def standing(view: View) -> list[Span]:
    """For the header: the source while all is well, else what is not."""
    told = view.exchange
    if not told:
        return []
    market, found = told["market"], []
    doubts = [one["doubt"] for one in market["symbols"] if one["doubt"]]
    if not market["source"]:
        found.append(("✖ NO MARKET", "alarm"))
    elif doubts:
        found.append((f"◐ DOUBT {clean(doubts[0])}", "warn"))
    else:
        is_first = market["source"] == first_of(market)
        glyph, style = ("●", "dim") if is_first else ("◐", "warn")
        found.append((f"{glyph} {clean(market['source'])}", style))
    if not told["account"]["heard"]:
        found.append(("✖ ACCOUNT LOST", "alarm"))
    elif told["waits_until_ns"]:
        found.append(("◐ ORDERS WAIT", "warn"))
    return found


PANEL = Panel(
    "0",
    "EXCHANGE",
    "Exch",
    rows,
    (
        Column("STATE", 7, lambda r, _: r.state, lambda r: r.state[0], left=True),
        words("WHAT", 12, "what"),
        Column("SINCE", 8, lambda r, _: (clock(r.since_ns) if r.since_ns else "", "dim"),
               lambda r: r.since_ns, left=True),
        words("SAYS", 0, "says"),
    ),
    "no exchange: orders are filled by simulation",
    (
        "market  which source feeds; DOUBT: it is silent, late, or of a clock far from ours",
        "account DOWN: its stream is lost, orders go by REST and are asked after; in doubt:",
        "        sent, and no answer yet; WAIT: the exchange asked us to wait",
        "clock   the exchange's minus ours; weight, orders, requests: used of what it allows",
        "aside   lies in the account beyond what the engine was given, and is not its to trade",
    ),
)  # fmt: skip
