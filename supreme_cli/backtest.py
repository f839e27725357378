"""supreme backtest: what a profile would have earned on history, and whether that is luck."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

import typer

from engine import core as cores
from engine.backtest import backtest, open_market
from engine.errors import Refused
from engine.options import profile_asked
from supreme_cli import report
from supreme_cli.backtest_picture import picture_of
from supreme_cli.plotting import draw, refuse_undrawable

PATIENCE_SECONDS = 0.5  # what is done by then needs no meter
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def main(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Record files, or plain downloads.")
    ],
    profile: Annotated[str, typer.Option(help="A name, or a path to a .toml [scalping].")] = "",
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="UTC, from then on.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="UTC, before then.")] = "",
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the profile.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Draws the resamples of the interval.")] = 1,
    plot: Annotated[
        str, typer.Option(metavar="FILE", help="Draw equity and drawdown, as .png or .svg.")
    ] = "",
) -> None:
    """Run a profile over history by the code that trades, and weigh what came of it.

    Several symbols are one portfolio. A time is a date or 2025-06-01T12:00. A file of bars is
    decided at each bar's close. Example: supreme backtest ETHUSDT-1m.records --from 2025-06-01
    """
    needs_numpy()
    if plot:
        refuse_undrawable(plot)
    chosen = profile_asked(profile, changes or [])
    start_ns, end_ns = nanoseconds("--from", start, 0), nanoseconds("--to", end, 1 << 62)
    if start_ns >= end_ns:
        raise Refused(f"--from {start} is not before --to {end}.", "Exchange them.")
    native = cores.load_native()
    if native is None:
        print(PLAIN, file=sys.stderr)
    with Meter() as meter:
        market = open_market(files, start_ns, end_ns, native, meter.advance)
        finished = backtest(market, chosen, native, seed, meter.advance)
        if plot:
            meter.advance("picture", 0, 1)
            draw(plot, picture_of(finished))
    if as_json:
        print(report.as_json(finished))
    else:
        report.show(finished)


PLAIN = (
    "The core is not built: plain functions run, some hundred times slower. "
    "Install a C compiler and `.venv/bin/pip install '.[jit]'`, then: make build"
)


def needs_numpy() -> None:
    """Refused where numpy is not installed: it is no part of the engine."""
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        raise Refused(
            "supreme backtest needs numpy.", "Install it: .venv/bin/pip install '.[report]'."
        )


def nanoseconds(option: str, text: str, otherwise: int) -> int:
    """A UTC time as nanoseconds; Refused when it is none."""
    if not text:
        return otherwise
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise Refused(
            f"{option} {text} is not a time.", "Write it as 2025-06-01 or 2025-06-01T12:00."
        ) from wrong
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICROSECOND * 1_000


class Meter:
    """Progress on stderr, if that is a terminal and the work is long."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.began = time.monotonic()
        self.drawn: Any = None
        self.tasks: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.drawn is not None:
            self.drawn.stop()

    def advance(self, what: str, done: int, total: int) -> None:
        """So much of it is done."""
        if not self.live or time.monotonic() - self.began < PATIENCE_SECONDS:
            return
        if self.drawn is None:
            self.drawn = self.started()
        if what not in self.tasks:
            self.tasks[what] = self.drawn.add_task(what, total=total)
        self.drawn.update(self.tasks[what], completed=done)

    def started(self) -> Any:
        """The meter, drawn for the first time."""
        from rich.console import Console
        from rich.progress import Progress

        drawn = Progress(console=Console(stderr=True), transient=True)
        drawn.start()
        return drawn
