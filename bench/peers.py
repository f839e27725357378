"""How do we stand beside hftbacktest and NautilusTrader on one and the same job?

The job, its market and the peers' scripts are those of the folder `bench/peers` beside the real
data: averages of 12 and 26 bars cross, 0.01 ETH at market, taker 0.1 %, cash 10,000, no order in
the first 300 bars, fills one tick beyond the close. `SUPREME_PEERS` names the folder with the
peers' virtual environments, `hbt` and `nautilus`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.figures import Absent, Figure
from bench.market import E8, MINUTE_NS, REAL, SHARED, bar_records, begins_ns, opened
from bench.measuring import cpu_ns, median
from engine.core import run_history

SCRIPTS = SHARED / "bench" / "peers"
CACHE = Path(tempfile.gettempdir()) / "supreme-bench-peers"
SIZES = (100_000, 1_000_000)
NAUTILUS_BARS = 20_000
OURS_EACH_TIME = 5
HFT_RATIO_MIN, NAUTILUS_RATIO_MIN = 3.0, 100.0
EQUITY_TOLERANCE = 1e-6
JOB = [
    "strategy.agent=ema_cross",
    "strategy.confidence_min=0",
    "strategy.ema_cross.bars_min=300",
    "indicators.macd_fast=12",
    "indicators.macd_slow=26",
    "schedule.interval_seconds=0",
    "sizing.lots_fixed=100",
    "sizing.stop_loss=0",
    "features.half_spread_ticks=1",
    "paper.latency_ns=0",
    "paper.slippage_ppm=0",
    "paper.taker_fee_ppm=1000",
    "paper.volume_share_ppm=1000000",
    "risk.position_max=1",
    "risk.exposure_max=1",
    "risk.stale_seconds=86400",
    "breakers.drawdown_half=1",
    "breakers.drawdown_conservative=1",
    "breakers.drawdown_stop=1",
    "run.heartbeat_ns=86400000000000",
]


class Outcome(NamedTuple):
    """What an engine made of the job."""

    ns_an_event: float
    orders: int
    equity: float
    version: str = ""


def figures() -> list[Figure]:
    """Both peers, ours before and after each of their runs, on the same data."""
    folder = Path(os.environ.get("SUPREME_PEERS", ""))
    if not folder.name:
        raise Absent("SUPREME_PEERS names no folder with hbt/ and nautilus/")
    for needed in (folder, SCRIPTS, REAL):
        must_exist(needed)
    make_data()
    rows = []
    for size in SIZES:
        rows += beside_hftbacktest(folder / "hbt", size)
    return [*rows, beside_nautilus(folder / "nautilus")]


def must_exist(path: Path) -> None:
    """Absent, with the reason, unless it is there."""
    if not path.exists():
        raise Absent(f"{path} is not there")


def make_data() -> None:
    """The peers' own market and reference answers, made once by their own script."""
    if not (CACHE / "reference.json").exists():
        command = [sys.executable, str(SCRIPTS / "make_data.py"), "--bars", str(REAL)]
        subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, check=True)


def environment() -> dict[str, str]:
    """For the peers' scripts: where their data lies, and no traces beside them."""
    own = {"PEER_CACHE": str(CACHE), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""}
    return os.environ | own


def beside_hftbacktest(venv: Path, size: int) -> list[Figure]:
    """Speed and answers on as many bars."""
    ours = [ourselves(size) for _ in range(OURS_EACH_TIME)]
    theirs = peer(venv, "peer_hftbacktest.py", size, {})
    ours += [ourselves(size) for _ in range(OURS_EACH_TIME)]
    mine = middle(ours)
    ratio = theirs.ns_an_event / mine.ns_an_event
    same = agree(mine, theirs) and agree(mine, reference(size))
    return [
        Figure(
            f"beside hftbacktest {theirs.version}, {size:,} bars ({theirs.ns_an_event:.0f} ns)",
            f"{mine.ns_an_event:.0f} ns a bar with orders: x{ratio:.1f}",
            f">= x{HFT_RATIO_MIN:.0f}",
            ratio >= HFT_RATIO_MIN,
        ),
        Figure(
            "  orders and equity: ours, theirs",
            f"{mine.orders:,} {mine.equity:.8f}, {theirs.orders:,} {theirs.equity:.8f}",
            "equal, and the reference",
            same,
        ),
    ]


def beside_nautilus(venv: Path) -> Figure:
    """Its data path alone, without one order, against ours with all of them."""
    ours = [ourselves(SIZES[0]) for _ in range(OURS_EACH_TIME)]
    theirs = peer(venv, "peer_nautilus.py", NAUTILUS_BARS, {"PEER_WARM": "1000000000"})
    ours += [ourselves(SIZES[0]) for _ in range(OURS_EACH_TIME)]
    mine = middle(ours)
    ratio = theirs.ns_an_event / mine.ns_an_event
    return Figure(
        f"beside NautilusTrader {theirs.version}, no orders ({theirs.ns_an_event / 1000:.0f} us)",
        f"{mine.ns_an_event:.0f} ns a bar with orders: x{ratio:.0f}",
        f">= x{NAUTILUS_RATIO_MIN:.0f}",
        ratio >= NAUTILUS_RATIO_MIN,
    )


def peer(venv: Path, script: str, size: int, more: dict[str, str]) -> Outcome:
    """One run of a peer's script in its own environment."""
    python = venv / "bin" / "python"
    must_exist(python)
    command = [str(python), str(SCRIPTS / script), "bars", str(size)]
    done = subprocess.run(
        command, env=environment() | more, capture_output=True, text=True, check=False
    )
    told = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not told:
        raise Absent(f"{script}: {(done.stderr.splitlines() or ['no result'])[-1]}")
    said = json.loads(told[0].removeprefix("RESULT "))
    return Outcome(said["run_cpu"] / size * 1e9, said["orders"], said["equity"], said["version"])


def ourselves(size: int) -> Outcome:
    """The same job through our own history loop."""
    columns = np.load(CACHE / "bars.npy", mmap_mode="r")[:size]
    closed_ns = columns[:, 0].astype(np.int64)
    prices = [columns[:, number] for number in range(1, 5)]
    records = bar_records(closed_ns - MINUTE_NS, prices, columns[:, 5]).tobytes()
    core = opened(JOB, begins_ns(records))
    spent = cpu_ns(lambda: sum(len(batch) for batch in run_history(core, records)))
    return Outcome(spent / size, core.state.orders.submitted, equity_of(core, columns[-1, 4]))


def equity_of(core: Any, close: float) -> float:
    """Cash, and the position at the last close as the peers value it."""
    held = core.state.symbols[0]
    base_e8 = held.position.lots * held.instrument.lot_e8
    return float(core.state.account.cash_e8 / E8 + base_e8 / E8 * close)


def reference(size: int) -> Outcome:
    """The answer of the peers' plain Python reference."""
    told = json.loads((CACHE / "reference.json").read_text())["ref"][f"bars/{size}/spread"]
    return Outcome(0.0, told["orders"], told["equity"])


def middle(outcomes: list[Outcome]) -> Outcome:
    """The outcome with the median time; the answers are the same in all of them."""
    return outcomes[0]._replace(ns_an_event=median([round(one.ns_an_event) for one in outcomes]))


def agree(left: Outcome, right: Outcome) -> bool:
    """Whether two engines sent as many orders and ended with the same equity."""
    return left.orders == right.orders and abs(left.equity - right.equity) <= EQUITY_TOLERANCE
