"""supreme exchange: whether market and account are heard, and what lies aside there."""

from typing import TYPE_CHECKING, Any

from supreme_cli.asking import clock, span
from supreme_cli.show import verb

if TYPE_CHECKING:
    from engine.control.client import Link
    from supreme_cli.asking import Seen


def facts(link: "Link", _one: "Seen") -> dict[str, Any]:
    """What the engine says of it; null without one."""
    return {"exchange": link.ask("exchange")["exchange"] or None}


def text(found: dict[str, Any]) -> str:
    """The same for a person."""
    told = found["exchange"]
    if not told:
        return "no exchange: orders are filled by simulation"
    rows = [*short_rows(told)]
    rows += [(one["name"], source_text(one)) for one in told["market"]["sources"]]
    rows += [(one["symbol"], symbol_text(one, told["now_ns"])) for one in told["market"]["symbols"]]
    rows += [("limit", limit_text(one)) for one in told["limits"]]
    return "\n".join(f"{name:9} {said}" for name, said in rows)


def short_rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    """What nobody must miss: market, account, clock, what is aside."""
    market, account, known = told["market"], told["account"], told["clock"]
    by = f"by {market['source']}" if market["source"] else "NO SOURCE"
    doubts = [f"; {row['symbol']} IN DOUBT: {row['doubt']}"
              for row in market["symbols"] if row["doubt"]]  # fmt: skip
    since = f" since {clock(market['since_ns'])}" if market["since_ns"] else ""
    heard = "heard" if account["heard"] else "NOT HEARD"
    by_rest = "" if account["heard"] else "; orders go by REST"
    doubtful = f"; {account['in_doubt']} orders in doubt" if account["in_doubt"] else ""
    trouble = f"; {account['trouble']}" if account["trouble"] else ""
    until_ns = told["waits_until_ns"]
    wait = f"; told to wait until {clock(until_ns)}" if until_ns else ""
    ahead = f"{known['offset_ms']:+.1f} ms from ours, give or take {known['error_ms']:.1f}"
    aside = ", ".join(f"{one['amount']} {one['asset']}" for one in told["aside"]) or "nothing"
    since_ns = account["since_ns"]
    heard = f"{heard} at {told['host']} since {clock(since_ns)}{by_rest}"
    return [
        ("market", f"{by}{since} ({market['why']}){''.join(doubts)}"),
        ("account", f"{heard}{doubtful}{trouble}{wait}"),
        ("clock", ahead if known["known"] else "not asked yet"),
        ("aside", f"{aside}: in the account, not ours to trade"),
    ]


def source_text(one: dict[str, Any]) -> str:
    """One source of the market."""
    why = f" ({one['why']})" if one["why"] else ""
    since = f" since {clock(one['since_ns'])}" if one["since_ns"] else ""
    return f"{one['state']}{since}{why}"


def symbol_text(one: dict[str, Any], now_ns: int) -> str:
    """How fresh a symbol's market is."""
    heard = one["heard_ns"]
    fresh = f"heard {span((now_ns - heard) / 1e9)} ago" if heard else "not heard"
    missing = f", {one['trades_missing']:,} trades missing" if one["trades_missing"] else ""
    return f"{fresh}{missing}{', in doubt: ' + one['doubt'] if one['doubt'] else ''}"


def limit_text(one: dict[str, Any]) -> str:
    """How much of what the exchange allows is used."""
    return f"{one['type']} {one['used']:,} of {one['limit']:,} in {span(one['interval_s'])}"


shown = verb(
    "exchange",
    "Whether the exchange's market and account are heard, its clock and limits, and what lies\n"
    "aside in the account.",
    facts,
    text,
)
