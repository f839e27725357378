"""supreme equity: the account, and how it came here, in numbers, in a line or in a picture."""

from itertools import accumulate
from typing import Annotated, Any

import typer

from engine.control.client import Link
from engine.picture import curve_of
from engine.status import fees_text, grouped, short
from supreme_cli.asking import Asked, Seen, headline, linked, seen, show, stamp
from supreme_cli.common_options import DataDir, Hz, Json, Timeout, Watch

BLOCKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 60


def main(
    data_dir: DataDir = "",
    json: Json = False,
    watch: Watch = False,
    hz: Hz = 2.0,
    timeout: Timeout = 5.0,
    plot: Annotated[str, typer.Option(metavar="FILE", help="draw it: .png or .svg")] = "",
) -> None:
    """Equity now and how it came here: over the whole life, and the last six hours by minute.

    Example: supreme equity --plot equity.png
    """
    if plot:
        picture(plot, data_dir, timeout)
    else:
        show(Asked(data_dir, json, watch, hz, timeout), equity_facts, equity_text)


def picture(path: str, data_dir: str, timeout: float) -> None:
    """The whole life's equity and its drawdown, drawn."""
    from supreme_cli.chart import Chart, Curve, Limit
    from supreme_cli.plotting import draw, refuse_undrawable

    refuse_undrawable(path)
    link = linked(data_dir, timeout)
    one = seen(link, link.picture())
    drawn, rules = curve_of(one.state), one.state.parameters.breakers
    points = [*drawn.points, float(one.snapshot.equity)]
    times = [drawn.points_start_ns + at * drawn.points_step_ns for at in range(len(drawn.points))]
    times.append(max(one.snapshot.now_ns, *times, 0))
    fallen = [1 - value / peak for value, peak in zip(points, accumulate(points, max), strict=True)]
    chart = Chart(
        title=headline(one),
        subtitle=f"{', '.join(one.hello['names'])}, profile {one.hello['profile']}",
        unit="quote",
        curves=[Curve("equity", times, points)],
        drawdown=Curve("drawdown", times, fallen),
        limits=[
            Limit(rules.drawdown_half, "half size"),
            Limit(rules.drawdown_conservative, "conservative"),
            Limit(rules.drawdown_stop, "close and halt"),
        ],
        entries=[],
        exits=[],
        halted_ns=0,
        simulated=bool(one.hello["simulated"]),
    )
    draw(path, chart)


def equity_facts(_link: Link, one: Seen) -> dict[str, Any]:
    """The account and its curve."""
    keys = (
        *("equity", "cash", "realized", "fees", "net", "day_net", "drawdown_percent"),
        *("fee_asset", "fee_asset_held", "fee_asset_paid"),
    )
    account = {key: getattr(one.snapshot, key) for key in keys}
    return {**account, "curve": curve_of(one.state)._asdict()}


def equity_text(found: dict[str, Any]) -> str:
    """The account, and the curve as far as a line of text can draw it."""
    curve = found["curve"]
    rows = [
        ("equity", f"{grouped(found['equity'])}   today {short(found['day_net'])}"),
        ("cash", grouped(found["cash"])),
        ("net", f"{grouped(found['net'])}   realised, gross {grouped(found['realized'])}"),
        ("fees", fees_text(found, grouped(found["fees"]))),
        *([(found["fee_asset"], found["fee_asset_held"])] if found["fee_asset"] else []),
        ("drawdown", f"{found['drawdown_percent']:.2f} %"),
        ("life", f"{spark(curve['points'])}  since {stamp(curve['points_start_ns'])}"),
        ("6 hours", spark(curve["minutes"])),
    ]
    return "\n".join(f"{name:9} {value}" for name, value in rows)


def spark(values: list[float], width: int = SPARK_WIDTH) -> str:
    """A line of blocks, each the last value of its share, with the lowest and the highest."""
    if not values:
        return "no heartbeat yet"
    count = min(width, len(values))
    drawn = [values[(at + 1) * len(values) // count - 1] for at in range(count)]
    low, high = min(drawn), max(drawn)
    steps = [int((value - low) / (high - low) * 7) if high > low else 3 for value in drawn]
    return f"{''.join(BLOCKS[step] for step in steps)}  {low:,.2f} to {high:,.2f}"
