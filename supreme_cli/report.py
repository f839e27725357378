"""How is a finished backtest told, in words for a person and in fields for a program?"""

import json
import os
import sys
from textwrap import fill
from typing import Any, NamedTuple

from engine.backtest import Finished
from engine.instruments import text_of_e8
from engine.statistics.result import Result
from engine.statistics.verdict import EDGE, NO_EDGE, TRADES_MIN
from supreme_cli.history_words import utc

SCHEMA_VERSION = 1
TRIALS = 1  # one profile on one history; who tries more must count them
DAY_NS = 86_400_000_000_000
STYLES = {EDGE: "bold green", NO_EDGE: "bold yellow"}
LABEL_WIDTH, LINE_WIDTH = 14, 66

Row = tuple[str, str]  # a label and the lines beside it; two empty texts part the groups
GAP: Row = ("", "")


class Words(NamedTuple):
    """A report ready to be printed."""

    title: str
    rows: list[Row]
    verdict: str


def show(finished: Finished) -> None:
    """Print the report: a table on a terminal, aligned lines elsewhere."""
    words = in_words(finished)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        draw(words)
        return
    print(words.title)
    for label, text in words.rows:
        for place, line in enumerate(text.split("\n")):
            print(f"{'' if place else label:{LABEL_WIDTH}}{line}".rstrip())


def draw(words: Words) -> None:
    """The same words as a rich table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for label, text in words.rows:
        style = STYLES.get(words.verdict, "bold") if label == "VERDICT" else ""
        table.add_row(label, Text(text, style=style))
    console = Console(highlight=False)
    console.print(Text(words.title, style="bold reverse"))
    console.print(table)


def in_words(finished: Finished) -> Words:
    """The report, no line longer than 80 columns where numbers are of a usual size."""
    result = finished.result
    names = [one.name for one in finished.market.instruments]
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if names[4:] else "")
    label = "SIMULATED MARKET: " if finished.market.simulated else ""
    rows = [
        ("Period", period_words(result)),
        ("Read", speed_words(finished)),
        *stop_rows(finished),
        GAP,
        *money_rows(finished),
        GAP,
        *order_rows(result, names),
        GAP,
        *trade_rows(finished),
        ("VERDICT", label + verdict_words(result)),
    ]
    title = f"{label}{listed}, profile {finished.profile.name}"
    return Words(title, rows, result.evidence.verdict)


def period_words(result: Result) -> str:
    """From when to when."""
    begin_ns, end_ns = result.period.begin_ns, result.period.end_ns
    days = (end_ns - begin_ns) / DAY_NS
    length = f"{days:,.1f} days" if days >= 2 else f"{days * 24:,.1f} hours"
    return f"{minute(begin_ns)} to {minute(end_ns)} UTC, {length}"


def speed_words(finished: Finished) -> str:
    """What was read, and how fast."""
    counts = finished.result.period
    kinds = {"bars": counts.bars, "trades": counts.trades, "book updates": counts.books}
    read = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
    rate = rate_of(finished)
    speed = f"{rate / 1e6:.1f} M" if rate >= 1e6 else f"{rate:,.0f}"
    core = "compiled core" if finished.compiled else "plain functions"
    return f"{read} in {finished.seconds:.3f} s, {speed} events/s, {core}"


def rate_of(finished: Finished) -> float:
    """Market events a second in the core."""
    return finished.result.period.events / max(finished.seconds, 1e-9)


def stop_rows(finished: Finished) -> list[Row]:
    """That the last breaker ended trading, and when; nothing if it did not."""
    period, stopped_ns = finished.result.period, finished.result.risk.stopped_ns
    if not stopped_ns:
        return []
    limit = finished.profile.values["breakers.drawdown_stop"] * 100
    traded = (stopped_ns - period.begin_ns) / DAY_NS
    whole = (period.end_ns - period.begin_ns) / DAY_NS
    text = (
        f"{minute(stopped_ns)} UTC: the {limit:g} % drawdown breaker closed everything\n"
        f"and halted after {traded:,.1f} of {whole:,.1f} days; nothing was traded afterwards\n"
        "(to trade on in a backtest: --set breakers.drawdown_stop=1)"
    )
    return [("STOPPED EARLY", text)]


def money_rows(finished: Finished) -> list[Row]:
    """Profit, costs, and what doing nothing had earned."""
    result, quote = finished.result, finished.market.instruments[0].quote
    money, holding = result.money, result.holding
    share = money.net_e8 / money.cash_e8 * 100 if money.cash_e8 else 0.0
    fee, spread, slippage = (amount(cost) for cost in money.costs)
    held = sum(trade.held_e8 for trade in result.open_trades)
    holdings = (
        f"{signed(holding.whole_e8)} {quote} with all cash, at the same costs\n"
        f"{signed(holding.limited_e8)} {quote} with {holding.limit * 100:g} % of it a symbol, "
        "the position limit"
    )
    rows = [
        ("Net P&L", f"{signed(money.net_e8)} {quote}, {share:+.2f} % of {amount(money.cash_e8)}"),
        ("Gross P&L", f"{signed(money.gross_e8)} {quote} before costs"),
        (
            "Costs",
            f"{column(sum(money.costs))} {quote}: fee {fee}, spread {spread}, slippage {slippage}",
        ),
        ("Buy and hold", holdings),
    ]
    if held:
        rows.insert(3, ("Still held", f"{column(held)} {quote} at cost, above valued at the bid"))
    return rows


def order_rows(result: Result, names: list[str]) -> list[Row]:
    """Orders, denials, exposure and drawdown."""
    orders, risk = result.orders, result.risk
    kinds = {"canceled": orders.canceled, "rejected": orders.rejected, "expired": orders.expired}
    ended = "".join(f", {count:,} {kind}" for kind, count in kinds.items() if count)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in orders.denials.items())
    denied = f"{sum(orders.denials.values()):,} by our own risk: {reasons}" if reasons else "none"
    rows = [
        ("Orders", f"{orders.submitted:,} submitted, {orders.fills:,} fills{ended}"),
        ("Denied", fill(denied, LINE_WIDTH)),
        ("Exposure", f"{risk.exposure * 100:.1f} % of the time with a position"),
        (
            "Drawdown",
            f"{risk.drawdown_max * 100:.2f} % at most, breaker trips {risk.breaker_trips}",
        ),
    ]
    if any(name.endswith("-PERP") for name in names):
        rows.append(("Not counted", "funding: a perpetual is traded here as if it were spot"))
    if result.malformed:
        rows.append(("Malformed", f"{result.malformed:,} market records were passed over"))
    return rows


def trade_rows(finished: Finished) -> list[Row]:
    """The round trips; a share of wins stands only beside what a trade earned after costs."""
    evidence = finished.result.evidence
    expected = evidence.expectancy
    if expected is None:
        return [("Round trips", f"{evidence.trades}, too few for any average")]
    won = evidence.wins / evidence.trades * 100
    sample = (
        f"{expected.mean:+.2f} bp a trade net of costs; {won:.1f} % of "
        f"{evidence.trades:,} round trips won\n"
        f"95 % interval {expected.low:+.2f} to {expected.high:+.2f} bp (block bootstrap: "
        f"{expected.resamples:,}\nresamples, blocks of {expected.block} on average, "
        f"seed {finished.seed})"
    )
    luck = f"gives this or more in {expected.chance * 100:.1f} % of cases; trials: {TRIALS}"
    return [("Expectancy", sample), ("Luck alone", luck)]


def verdict_words(result: Result) -> str:
    """The verdict and its reason."""
    count = result.evidence.trades
    reasons = {
        EDGE: f"edge: the whole interval is above zero, over {count:,} round trips",
        NO_EDGE: f"no edge: the interval is not above zero, over {count:,} round trips",
    }
    few = f"too little data: {count} round trips, {TRADES_MIN} are needed"
    return reasons.get(result.evidence.verdict, few)


def as_json(finished: Finished) -> str:
    """One JSON object; money as exact decimal text in quote, times in UTC, shares as numbers."""
    result, market = finished.result, finished.market
    money, risk, holding = result.money, result.risk, result.holding
    fields = {
        "schema_version": SCHEMA_VERSION,
        "command": "backtest",
        "simulated": market.simulated,
        "profile": finished.profile.name,
        "profile_digest": finished.profile.digest().hex(),
        "symbols": [one.name for one in market.instruments],
        "quote": market.instruments[0].quote,
        "period": period_fields(finished),
        "stopped_early": bool(risk.stopped_ns),
        "stopped_at": utc(risk.stopped_ns) if risk.stopped_ns else None,
        "cash": exact(money.cash_e8),
        "net": exact(money.net_e8),
        "gross": exact(money.gross_e8),
        "costs": {
            "fee": exact(money.costs.fee_e8),
            "spread": exact(money.costs.spread_e8),
            "slippage": exact(money.costs.slippage_e8),
        },
        "buy_and_hold": {
            "all_cash": exact(holding.whole_e8),
            "at_limit": exact(holding.limited_e8),
            "limit": holding.limit,
        },
        "orders": result.orders._asdict(),
        "exposure": risk.exposure,
        "drawdown_max": risk.drawdown_max,
        "breaker_trips": risk.breaker_trips,
        "malformed": result.malformed,
        "round_trips": trade_fields(finished),
        "verdict": result.evidence.verdict,
    }
    return json.dumps(fields, indent=1)


def period_fields(finished: Finished) -> dict[str, Any]:
    """What was read."""
    period = finished.result.period
    return {
        "from": utc(period.begin_ns),
        "to": utc(period.end_ns),
        "bars": period.bars,
        "trades": period.trades,
        "books": period.books,
        "seconds": round(finished.seconds, 6),
        "events_per_second": round(rate_of(finished)),
        "core": "compiled" if finished.compiled else "plain",
    }


def trade_fields(finished: Finished) -> dict[str, Any]:
    """The sample; without an expectancy there is no win rate either."""
    evidence, still_open = finished.result.evidence, len(finished.result.open_trades)
    fields = {"closed": evidence.trades, "open": still_open, "trials": TRIALS}
    expected = evidence.expectancy
    if expected is None:
        return fields | {"win_rate": None, "expectancy_bp": None}
    return fields | {
        "win_rate": evidence.wins / evidence.trades,
        "expectancy_bp": {
            "net": expected.mean,
            "low": expected.low,
            "high": expected.high,
            "chance_of_luck": expected.chance,
            "block": expected.block,
            "resamples": expected.resamples,
            "seed": finished.seed,
        },
    }


def minute(time_ns: int) -> str:
    """A time to the minute."""
    return utc(time_ns)[:16].replace("T", " ")


def exact(value_e8: int) -> str:
    """Money as decimal text, all eight places."""
    return text_of_e8(value_e8, 1)


def amount(value_e8: int) -> str:
    """Money to the cent."""
    return f"{value_e8 / 1e8:,.2f}"


def column(value_e8: int) -> str:
    """Money to the cent, so wide that amounts stand under each other."""
    return f"{amount(value_e8):>12}"


def signed(value_e8: int) -> str:
    """Profit to the cent with its sign, as wide."""
    return f"{value_e8 / 1e8:>+12,.2f}"
