"""supreme status, positions, orders, trades, risk, latency: what a running engine shows."""

import sys
import time
from collections.abc import Callable
from typing import Any

from engine.control.client import Link
from engine.resilience.incidents import CLOSED
from engine.status import fees_text, grouped, short
from supreme_cli import services
from supreme_cli.asking import Asked, Seen, clock, rows_of, show, span, table
from supreme_cli.words import Form, Option, help_of, number, parsed

Facts = Callable[[Link, Seen], dict[str, Any]]
Text = Callable[[Any], str]
OPTIONS = {
    "data-dir": Option("DIR", "whose engine [$SUPREME_DATA_DIR, or the one that runs]"),
    "json": Option("", "print JSON"),
    "watch": Option("", "again and again, until Ctrl-C", "w"),
    "hz": Option("N", "how often under --watch, 0.1 to 20 [2]"),
    "timeout": Option("SECONDS", "to wait for an answer [5]"),
}


def verb(name: str, about: str, facts: Facts, text: Text) -> Callable[[list[str]], int]:
    """A command that shows what `facts` finds, as JSON or as `text` words it."""
    form = Form(name, f"{about}\n", OPTIONS)

    def shown(argv: list[str]) -> int:
        given = parsed(form, argv)
        if "help" in given:
            sys.stdout.write(help_of(form))
            return 0
        hz = number(form, "hz", given.get("hz", "2"), 0.1, 20.0)
        timeout = number(form, "timeout", given.get("timeout", "5"), 0.1, 86_400.0)
        asked = Asked(given.get("data-dir", ""), "json" in given, "watch" in given, hz, timeout)
        show(asked, facts, text)
        return 0

    return shown


def status_facts(link: Link, one: Seen) -> dict[str, Any]:
    """Everything that fits a line."""
    now, hello, snapshot = time.time(), one.hello, one.snapshot
    notices = link.ask("notices")["notices"]
    alerts = services.alerts_of(hello["data_dir"])
    lists = ("positions", "open_orders", "trades", "recent_decisions", "limits", "now_ns")
    return {
        "pid": hello["pid"],
        "up_seconds": round(now - hello["started_s"], 1),
        "data_dir": hello["data_dir"],
        "profile": hello["profile"],
        "compiled": hello["compiled"],
        **{key: value for key, value in snapshot._asdict().items() if key not in lists},
        "held": sum(row.quantity != "0" for row in snapshot.positions),
        "open_orders": len(snapshot.open_orders),
        "exchange": link.ask("exchange")["exchange"] or None,
        "notices": notices[-5:],
        "service": services.facts(hello["data_dir"], link.ask("sequence")["sequence"]),
        "alerts": [row for row in alerts["incidents"] if row["state"] != CLOSED],
        "availability": alerts["availability"],
    }


def status_text(found: dict[str, Any]) -> str:
    """The same for a person."""
    denied = ", ".join(f"{reason} {count}" for reason, count in found["denied"].items()) or "none"
    closed = found["wins"] + found["losses"]
    core = "" if found["compiled"] else ", on the plain functions"
    account = f"{short(found['equity'])}   net {short(found['net'])}"
    fees = fees_text(found, short(found["fees"]))
    asked = f"{found['orders']} orders, {found['fills']} fills"
    exposure = f"{found['exposure_percent']:.1f} % of equity in {found['held']} positions"
    up = f"pid {found['pid']}, up {span(found['up_seconds'])}"
    rows = [
        ("engine", f"{up}, profile {found['profile']}{core}"),
        ("data", found["data_dir"]),
        ("equity", f"{account}   today {short(found['day_net'])}   fees {fees}"),
        ("drawdown", f"{found['drawdown_percent']:.2f} %, breaker level {found['breaker_level']}"),
        ("exposure", f"{exposure}, {found['open_orders']} open orders"),
        ("trades", f"{closed} closed, {found['wins']} of them above their fees; {asked}"),
        ("denied", denied),
        ("decision", found["last_decision"]),
    ]
    rows += [("DOUBTED", f"{found['doubts']}: nothing is bought")] if found["doubts"] else []
    if found["exchange"]:
        from supreme_cli.exchange import short_rows

        rows += short_rows(found["exchange"])
    rows += [("service", services.text(found["service"]))]
    if found["alerts"]:
        rows += [("alerts", services.alerts_text(found["alerts"]))]
    rows += [("ALARM", alarm["what"]) for alarm in found["service"]["alarms"]]
    rows += [("notice", notice_text(notice)) for notice in found["notices"]]
    return "\n".join(f"{name:9} {value}" for name, value in rows)


status = verb(
    "status",
    "Whether the engine runs, for whom, and how it stands. Exit 3 when none runs.\n\n"
    "Example: supreme status --json",
    status_facts,
    status_text,
)


def notice_text(notice: dict[str, Any]) -> str:
    """A warning of the engine's in a line."""
    rest = {k: v for k, v in notice.items() if k not in ("at_s", "level", "event")}
    fields = " ".join(f"{key}={value}" for key, value in rest.items())
    return f"{clock(int(notice['at_s'] * 1e9))} {notice['event']} {fields}"


def positions_facts(_link: Link, one: Seen) -> dict[str, Any]:
    """Every symbol's row, and the asset that pays fees."""
    asset, held = one.snapshot.fee_asset, one.snapshot.fee_asset_held
    return {
        "positions": rows_of(one.snapshot.positions),
        "fee_asset": {"asset": asset, "held": held} if asset else None,
    }


def positions_text(found: dict[str, Any]) -> str:
    """What is held, as a table."""
    held = [row for row in found["positions"] if row["quantity"] != "0"]
    rest = [row for row in found["positions"] if row["dust"] != "0"]
    words = [f"{row['symbol']}: {row['dust']} below a lot: not sold, worth nothing" for row in rest]
    if asset := found["fee_asset"]:
        words.append(f"{asset['asset']}: {asset['held']} to pay fees, no part of equity")
    return "\n".join([held_text(held), *words])


def held_text(held: list[dict[str, Any]]) -> str:
    """The positions that can be sold, as a table."""
    if not held:
        return "flat: nothing is held"
    return table(
        "SYMBOL QUANTITY ENTRY LAST VALUE P&L % STOP SINCE",
        [
            [row["symbol"], row["quantity"], grouped(row["entry"]), grouped(row["last"]),
             short(row["value"]), short(row["unrealized"]), f"{row['unrealized_percent']:+.2f}",
             grouped(row["stop"]) if row["stop"] else "-", clock(row["opened_ns"])]
            for row in held
        ],
    )  # fmt: skip


positions = verb(
    "positions",
    "What is held, what it is worth at the bid, and the protective stop under it.",
    positions_facts,
    positions_text,
)


def orders_facts(_link: Link, one: Seen) -> dict[str, Any]:
    """Every open order's row."""
    return {"orders": rows_of(one.snapshot.open_orders)}


def orders_text(found: dict[str, Any]) -> str:
    """The open orders, as a table."""
    return table(
        "ORDER SYMBOL SIDE TYPE STATUS QUANTITY PRICE FILLED SINCE AGENT CAUSE",
        [
            [str(row["order_id"]), row["symbol"], row["side"], row["type"], row["status"],
             row["quantity"], grouped(row["price"]), f"{row['filled_percent']:.0f}%",
             clock(row["submitted_ns"]), row["agent"], row["cause"]]
            for row in found["orders"]
        ],
    )  # fmt: skip


orders = verb("orders", "The open orders, the newest first.", orders_facts, orders_text)


def trades_facts(_link: Link, one: Seen) -> dict[str, Any]:
    """The newest fills' rows."""
    return {"trades": rows_of(one.snapshot.trades)}


def trades_text(found: dict[str, Any]) -> str:
    """The newest fills, as a table."""
    return table(
        "TIME SYMBOL SIDE QUANTITY PRICE FEE NET WAIT ORDER AGENT CAUSE",
        [
            [clock(row["now_ns"]), row["symbol"], row["side"], row["quantity"],
             grouped(row["price"]), fee_text(row), row["net"][:-4],
             f"{row['waited_ms']:,.0f}ms", str(row["order_id"]), row["agent"], row["cause"]]
            for row in found["trades"]
        ],
    )  # fmt: skip


def fee_text(row: dict[str, Any]) -> str:
    """A fee in quote to a hundredth of a cent; in another asset every digit, and which it is."""
    return row["fee"][:-4] if row["fee_in"] == "quote" else f"{row['fee']} {row['fee_in']}"


trades = verb(
    "trades", "The newest fills, each with what it earned after its fee.", trades_facts, trades_text
)


def risk_facts(_link: Link, one: Seen) -> dict[str, Any]:
    """Limits, breakers and denials."""
    snapshot, breakers = one.snapshot, one.state.breakers
    return {
        "trading": snapshot.trading,
        "why": snapshot.why,
        "paused": bool(breakers.paused),
        "killed": bool(breakers.killed),
        "stopped": bool(breakers.stopped),
        "breaker_level": snapshot.breaker_level,
        "breaker_trips": breakers.trips,
        "limits": rows_of(snapshot.limits),
        "denied": snapshot.denied,
    }


def risk_text(found: dict[str, Any]) -> str:
    """The limits, as a table."""
    limits = table(
        "LIMIT NOW AT UNIT THEN",
        [
            [row["name"], f"{row['value']:.2f}", f"{row['limit']:g}", row["unit"],
             row["consequence"]]
            for row in found["limits"]
        ],
    )  # fmt: skip
    denied = ", ".join(f"{reason} {count}" for reason, count in found["denied"].items()) or "none"
    tripped = f"breaker level {found['breaker_level']}, trips {found['breaker_trips']}"
    return f"{limits}\n{tripped}; denied: {denied}"


risk = verb(
    "risk",
    "Every limit: where we are, where it lies, and what happens there; denials by reason.",
    risk_facts,
    risk_text,
)


def latency_facts(link: Link, _one: Seen) -> dict[str, Any]:
    """The engine's own histograms, in nanoseconds."""
    return {"latency_ns": link.ask("latency")}


def latency_text(found: dict[str, Any]) -> str:
    """The histograms' percentiles, in microseconds."""
    words = {
        "late": "due -> its turn",
        "decided": "turn -> decided and journaled",
        "reacted": "due -> decided and journaled",
        "asked": "decided -> sent, cause durable",
    }
    return table(
        "WHAT MEASURED P50 P99 P99.9 LONGEST",
        [
            [words[name], f"{row['measured']:,}",
             *(f"{row[key] / 1000:,.1f}us" for key in ("p50", "p99", "p999", "longest"))]
            for name, row in found["latency_ns"].items()
        ],
    )  # fmt: skip


latency = verb(
    "latency",
    "How late a record's turn came, what a decision took, how long commands waited for disk.",
    latency_facts,
    latency_text,
)
