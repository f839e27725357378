"""Does an engine keep to the truth while its market is silent and its exchange lies?"""

from pathlib import Path

from engine.core import load_native
from validators.degrade.life import SETTINGS, end_of, exported
from validators.degrade.market import trades_file
from validators.degrade.outcome import Judge, Outcome
from validators.simulation.trial import trial

SEEDS = 20
SILENCE_S, STALE_S, HEARTBEAT_NS = 300, 15, 500_000_000
TRADES = 3_600
# Entries that rest and are soon taken back, decided by the clock: wanted in the silence too.
WANTING = (
    *(f"risk.stale_seconds={STALE_S}", "schedule.interval_seconds=45"),
    *("orders.entry=limit", "orders.limit_seconds=5"),
)


def anywhere() -> str:
    """Nothing is needed."""
    return ""


def lies(_scratch: Path) -> Outcome:
    """Time-outs, lost and doubled words, late fills, crashes: in virtual time, then audited."""
    judge, native = Judge(), load_native()
    audits = []
    for seed in range(SEEDS):
        try:
            audits.append(trial(seed, native).audit)
        except AssertionError as wrong:
            judge.must(False, f"seed {seed}: {wrong}")
            continue
        for problem in audits[-1].problems:
            judge.must(False, f"seed {seed}: {problem}")
        judge.must(not audits[-1].corrections, f"seed {seed}: a position was corrected")
    orders, unknown = sum(one.orders for one in audits), sum(one.unknown for one in audits)
    judge.must(orders > 0 and unknown > 0, "nothing was in doubt")
    return judge.outcome(None, worlds=SEEDS, orders=orders, unknown=unknown)


def silence(scratch: Path) -> Outcome:
    """Heartbeats and decisions go on, what would be bought on old prices is denied."""
    judge, home = Judge(), scratch / "home"
    market = trades_file(scratch / "gaps.records", TRADES, silence_ns=SILENCE_S * 10**9)
    changes = [word for change in WANTING for word in ("--set", change)]
    state = end_of(home, ["--replay", str(market), *SETTINGS, *changes])
    heard_ns, beaten_ns, beats, stale, longest_ns = 0, 0, 0, 0, 0
    for row in exported(home):
        now_ns = row.get("received_ns", 0)
        if row["kind"] == "TradeTick":
            longest_ns, heard_ns = max(longest_ns, now_ns - (heard_ns or now_ns)), now_ns
        elif row["kind"] == "Heartbeat":
            judge.must(
                not beaten_ns or now_ns - beaten_ns <= HEARTBEAT_NS, "a heartbeat is missing"
            )
            beats, beaten_ns = beats + 1, now_ns
        elif row["kind"] == "SubmitOrder" and not row["flags"] and heard_ns:
            stale += now_ns - heard_ns > STALE_S * 10**9
    judge.must(longest_ns >= SILENCE_S * 10**9, "the market was never silent")
    judge.must(stale == 0, f"{stale} entries on a price older than {STALE_S} s")
    denied = state["denied"].get("market unknown or stale", 0)
    judge.must(denied > 0, "nothing was wanted in the silence")
    judge.must(state["fills"] > 0, "nothing was traded when the market spoke")
    return judge.outcome(None, silence_s=SILENCE_S, denied=denied, heartbeats=beats)
