"""Does an engine keep its accounts through an exchange's worst days, over real sockets?

The venue is slow, cuts connections, drops and doubles events, leaves orders unanswered with and
without effect, bans and halts; the engine is killed at any moment and goes on from its journal.
"""

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.control.client import holder_of
from engine.messages import NEVER_ARRIVED
from tests.acceptance.exchanged import (
    RESTLESS,
    Place,
    agree,
    e8,
    records,
    state_of,
    until,
    venue,
)
from tests.acceptance.running import ended, supreme

pytest.importorskip("websockets", reason="supreme venue needs websockets")

TICK_E8, LOT_E8 = 1_000_000, 10_000
ROWS = 1_000  # of a page of the venue's
TAKEN_OVER = ("PositionCorrected", "CashDeposited", "HeldAside", "FeeBalanceChanged")
# What an account begins with.
OPENING = {"CashDeposited": 1, "FeeBalanceChanged": 1, "HeldAside": 2}
SETTLE_NS = 12_000_000_000  # until then a request may still be on its way
IMPATIENT = ("--set", "exchange.answer_seconds=2", "--set", "exchange.reconcile_seconds=5")
# Entries rest and are soon taken back: nearly always something is on its way.
RESTING = ("--set", "orders.entry=limit", "--set", "orders.limit_seconds=1")
# Half a minute that has of everything what `storm` has in twenty.
SQUALL = (
    "latency=1ms..40ms,drop=0.03,duplicate=0.05,unknown=0.2,disconnect=15s,skew=200ms,"
    "reorder=0.03,ban=15s/2s,halt=15s/2s"
)


@pytest.mark.alone
def test_no_order_twice_no_fill_lost_through_a_squall(tmp_path: Path):
    """Half a minute of all of it, a kill; then every fill and balance is the same."""
    lived_through(tmp_path / "d", SQUALL, seconds=24.0, lives=2)


@pytest.mark.long
@pytest.mark.alone
def test_no_order_twice_no_fill_lost_through_twenty_minutes_of_storm(tmp_path: Path):
    """The plan that `--faults storm` has, and a kill each half a minute or so."""
    lived_through(tmp_path / "d", "storm", seconds=1_200.0, lives=40)


def lived_through(home: Path, plan: str, *, seconds: float, lives: int) -> None:
    """An engine in a storm; each of its lives but the last ends by a kill."""
    draw = random.Random(plan).uniform
    with venue("--faults", plan) as exchange:
        try:
            for life in range(lives):
                up(home, exchange, *(RESTING if life % 2 else ()))
                trades_for(home, seconds / lives * draw(0.5, 1.5), fills=(life + 1) % 2)
                if life < lives - 1:
                    os.kill(int(holder_of(str(home))), signal.SIGKILL)
            done = supreme("pause", "--data-dir", str(home), "--reason", "the storm is over")
            assert done.returncode == 0, done.stderr
            met = exchange.turn_weather()["faults"]
            agree(home, exchange)
        finally:
            ended(home)
        compared(home, exchange)
    assert {"drop", "duplicate", "unknown", "disconnect"} <= set(met), met


def trades_for(home: Path, seconds: float, *, fills: int) -> None:
    """Wait so long, and for so many fills: what rests may never have one."""
    wanted, end = state_of(home).account.fills + fills, time.monotonic() + seconds
    until(lambda: time.monotonic() > end and state_of(home).account.fills >= wanted, "fills", 120.0)


def up(home: Path, exchange: Place, *words: str) -> None:
    """An engine in the background, also where the venue needs to be asked again."""
    named = ("--no-console", "--data-dir", str(home), "--profile", "binance-paper")
    for _ in range(20):
        done = supreme("up", *named, *RESTLESS, *IMPATIENT, *words, **exchange.environment)
        if done.returncode == 0:
            return
        assert done.returncode == 3, done.stderr  # it does not answer, or asks us to wait
    raise AssertionError(done.stderr)


def compared(home: Path, exchange: Place) -> None:
    """Every order once, every fill of the venue once in the journal and the other way round."""
    orders = pages(exchange, "allOrders", "orderId", "orderId")
    names = Counter(row["clientOrderId"] for row in orders)
    assert [name for name, count in names.items() if count > 1] == []
    told = pages(exchange, "myTrades", "fromId", "id")
    there = {row["id"]: (e8(row["price"]), e8(row["qty"]), e8(row["commission"])) for row in told}
    journaled = records(home)
    here = Counter(
        (row["fill_id"], (row["price"] * TICK_E8, row["lots"] * LOT_E8, row["fee_e8"]))
        for row in journaled
        if row["kind"] == "OrderFilled"
    )
    assert here == Counter(there.items())
    assert Counter(row["kind"] for row in journaled if row["kind"] in TAKEN_OVER) == OPENING
    assert [wait for wait in given_up_after(journaled) if wait < SETTLE_NS] == []


def given_up_after(journaled: list[dict[str, Any]]) -> list[int]:
    """How long each order that never arrived was waited for, by the engine that gave it up."""
    found, sent = [], {}
    born_ns, is_born = 0, False
    for row in journaled:
        now_ns = row.get("received_ns", 0)
        if row["kind"] == "Heartbeat" and not is_born:
            born_ns, is_born = now_ns, True
        elif row["kind"] == "EngineStarted":
            is_born = False
        elif row["kind"] == "SubmitOrder":
            sent[row["order_id"]] = now_ns
        elif row["kind"] == "OrderRejected" and row["reason"] == NEVER_ARRIVED:
            found.append(now_ns - max(sent[row["order_id"]], born_ns))
    return found


def pages(exchange: Place, path: str, parameter: str, key: str) -> list[dict[str, Any]]:
    """Every row there is, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        beyond = rows[-1][key] + 1 if rows else 0
        page = exchange.asked(path, symbol="ETHUSDT", limit=ROWS, **{parameter: beyond})
        rows += page
        if len(page) < ROWS:
            return rows
