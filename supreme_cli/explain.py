"""supreme explain: why an order was asked for, or denied, and what came of it."""

from typing import Annotated, Any

import typer

from engine.picture import trimmed
from engine.service.reading import newest_decisions, story_of
from engine.status import grouped
from supreme_cli.asking import put, stamp, table
from supreme_cli.common_options import DataDir, Json
from supreme_cli.services import tables_of


def main(
    order: Annotated[
        str, typer.Argument(metavar="[ORDER]", help="its number, or its name as in the log")
    ] = "",
    data_dir: DataDir = "",
    json: Json = False,
) -> None:
    """An order with the decision that caused it: indicators, agent, confidence, risk, fills.

    Without one the newest decisions, denied ones too. Read from the service's tables, so it answers
    while the engine is stopped as well.
    """
    place = tables_of(data_dir)
    found = story_of(place, order) if order else newest_decisions(place)
    put(
        {"data_dir": place, **found},
        lambda: story_text(found) if order else decisions_text(found["decisions"]),
        as_json=json,
    )


def story_text(found: dict[str, Any]) -> str:
    """The story of an order for a person."""
    asked, made = found["order"], found["decision"]
    price = "" if asked["price_e8"] is None else f" at {amount(asked['price_e8'])}"
    what = f"{asked['side']} {amount(asked['quantity_e8'])} {asked['type']}{price}"
    features = [f"{name} {value:,.4f}" for name, value in made["features"].items()]
    risk = made["risk"]
    limits = [f"{name} {value:g} of {most:g}" for name, (value, most) in risk["limits"].items()]
    stands = f"trading {risk['trading']}, breaker level {risk['breaker level']}"
    rows = [
        ("order", f"{asked['name']}  {asked['symbol']}  {what}"),
        ("asked", f"{stamp(asked['at_ns'])}, record {asked['sequence']:,}"),
        ("decision", f"{made['agent']}: {made['cause']}, confidence {made['confidence']:.0%}"),
        ("features", "  ".join(features)),
        ("risk", f"{made['verdict']} by every check of the gate; {stands}"),
        *[("", limit) for limit in limits],
        *[("venue", event_text(one)) for one in found["events"]],
        *[("fill", fill_text(one)) for one in found["fills"]],
    ]
    return "\n".join(f"{name:9} {said}".rstrip() for name, said in rows)


def event_text(one: dict[str, Any]) -> str:
    """What the venue said of an order."""
    return f"{stamp(one['at_ns'])} {one['event']} {one['reason'] or ''}"


def fill_text(one: dict[str, Any]) -> str:
    """A fill in a line."""
    net = "unknown" if one["net_e8"] is None else amount(one["net_e8"])
    what = f"{amount(one['quantity_e8'])} at {amount(one['price_e8'])} ({one['liquidity']})"
    fee = amount(one["fee_e8"]) + ("" if one["fee_in"] == "quote" else f" {one['fee_in']}")
    return f"{stamp(one['at_ns'])} {what}, fee {fee}, net {net}"


def decisions_text(rows: list[dict[str, Any]]) -> str:
    """The newest decisions for a person."""
    heads = "time record symbol order agent cause confidence verdict"
    cells = [
        [
            stamp(row["at_ns"]), str(row["sequence"]), row["symbol"], str(row["order_id"] or "-"),
            row["agent"], row["cause"], f"{row['confidence']:.0%}", row["verdict"],
        ]
        for row in rows
    ]  # fmt: skip
    return table(heads, cells)


def amount(value_e8: int) -> str:
    """1e-8 units for a person, every digit that counts."""
    return grouped(trimmed(value_e8))
